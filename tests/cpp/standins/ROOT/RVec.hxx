// What the example needs of ROOT.
#pragma once

#include <vector>

namespace ROOT {
using RVecF = std::vector<float>;
}
