// Everything in one place, for programs whose other files define KERAS_HEP_SEPARATE: they only declare what is compiled here.
#undef KERAS_HEP_SEPARATE
#include <keras_hep/network.hpp>

template class keras_hep::BasicNetwork<float>;
template class keras_hep::BasicNetwork<double>;
