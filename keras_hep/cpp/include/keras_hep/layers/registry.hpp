// All kinds of nodes. A new kind is one header beside this one and one line here.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "activation.hpp"
#include "batch_normalization.hpp"
#include "dense.hpp"
#include "layer.hpp"
#include "masked_sum.hpp"
#include "merging.hpp"
#include "preprocessing.hpp"
#include "reshaping.hpp"
#include "softmax.hpp"

namespace keras_hep::layers {

/// Make the layer of a node, or throw what is wrong with the node.
inline std::unique_ptr<Layer> make(const Declaration& declaration) {
    using Factory = std::unique_ptr<Layer> (*)(const Declaration&);
    static const std::map<std::string, Factory> factories = {
        {"activation", activations::make},
        {"add", Add::make},
        {"batch_normalization", BatchNormalization::make},
        {"concatenate", Concatenate::make},
        {"dense", Dense::make},
        {"flatten", Flatten::make},
        {"masked_sum", MaskedSum::make},
        {"preprocessing", Preprocessing::make},
        {"softmax", Softmax::make},
    };
    const Field type = declaration.node.at("type");
    const auto found = factories.find(type.text());
    if (found == factories.end()) type.fail("unknown type of node '" + type.text().substr(0, 80) + "'");
    return found->second(declaration);
}

}  // namespace keras_hep::layers
