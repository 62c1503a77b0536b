# find_package(keras_hep CONFIG) -> targets keras_hep::keras_hep, headers alone, and keras_hep::compiled, where layers and kernels are
# compiled once instead of in each file that includes them. All of it stands beside this folder, wherever that is.
get_filename_component(keras_hep_INCLUDE_DIR "${CMAKE_CURRENT_LIST_DIR}/../include" ABSOLUTE)
if(NOT TARGET keras_hep::keras_hep)
  add_library(keras_hep::keras_hep INTERFACE IMPORTED)
  set_target_properties(keras_hep::keras_hep PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${keras_hep_INCLUDE_DIR}")
  target_compile_features(keras_hep::keras_hep INTERFACE cxx_std_17)
endif()
if(NOT TARGET keras_hep::compiled)
  add_library(keras_hep_compiled STATIC EXCLUDE_FROM_ALL "${CMAKE_CURRENT_LIST_DIR}/../src/keras_hep.cpp")
  target_link_libraries(keras_hep_compiled PUBLIC keras_hep::keras_hep)
  target_compile_definitions(keras_hep_compiled PUBLIC KERAS_HEP_SEPARATE)
  add_library(keras_hep::compiled ALIAS keras_hep_compiled)
endif()
