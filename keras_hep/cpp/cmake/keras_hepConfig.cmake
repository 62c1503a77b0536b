# find_package(keras_hep CONFIG) -> target keras_hep::keras_hep; the headers stand beside this folder, wherever that is.
get_filename_component(keras_hep_INCLUDE_DIR "${CMAKE_CURRENT_LIST_DIR}/../include" ABSOLUTE)
if(NOT TARGET keras_hep::keras_hep)
  add_library(keras_hep::keras_hep INTERFACE IMPORTED)
  set_target_properties(keras_hep::keras_hep PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${keras_hep_INCLUDE_DIR}")
  target_compile_features(keras_hep::keras_hep INTERFACE cxx_std_17)
endif()
