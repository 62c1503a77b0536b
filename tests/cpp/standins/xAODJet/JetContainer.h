// What the example needs of the ATLAS event data model.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace SG {
struct AuxElement {
    template <class T>
    class Decorator;
    mutable std::map<std::string, float> decorations;
};
template <class T>
class AuxElement::Decorator {
public:
    explicit Decorator(const std::string& name) : name_(name) {}
    T& operator()(const AuxElement& element) const { return element.decorations[name_]; }

private:
    std::string name_;
};
}  // namespace SG

namespace xAOD {
struct Jet : SG::AuxElement {
    double values[3] = {};
    double pt() const { return values[0]; }
    double eta() const { return values[1]; }
    double m() const { return values[2]; }
};
using JetContainer = std::vector<Jet*>;
}  // namespace xAOD
