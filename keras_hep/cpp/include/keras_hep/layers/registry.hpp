// All kinds of nodes. A new kind is one header beside this one and one line here.
#pragma once

#include <memory>
#include <utility>

#include "activation.hpp"
#include "arranging.hpp"
#include "attention.hpp"
#include "batch_normalization.hpp"
#include "blend.hpp"
#include "borders.hpp"
#include "convolution.hpp"
#include "dense.hpp"
#include "depthwise_convolution.hpp"
#include "dot.hpp"
#include "embedding.hpp"
#include "event_normalization.hpp"
#include "gru.hpp"
#include "layer.hpp"
#include "lstm.hpp"
#include "masked_entries.hpp"
#include "masked_sum.hpp"
#include "masking.hpp"
#include "maxout.hpp"
#include "merging.hpp"
#include "pooling.hpp"
#include "prelu.hpp"
#include "preprocessing.hpp"
#include "reshaping.hpp"
#include "simple_rnn.hpp"
#include "softmax.hpp"
#include "time_distributed.hpp"

namespace keras_hep::layers {

template <class T>
KERAS_HEP_LOADING std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
    using Factory = std::unique_ptr<Layer<T>> (*)(const Declaration&);
    static const std::pair<const char*, Factory> factories[] = {
        {"activation", make_activation<T>},
        {"add", Elementwise<T>::template make<Merge::sum>},
        {"any", Any<T>::make},
        {"attention", Attention<T>::make},
        {"average", Elementwise<T>::template make<Merge::mean>},
        {"average_pooling", Pooling<T>::make_average},
        {"batch_normalization", make_batch_normalization<T>},
        {"blend", Blend<T>::make},
        {"broadcast", make_broadcast<T>},
        {"concatenate", Concatenate<T>::make},
        {"convolution", Convolution<T>::make},
        {"cropping", Cropping<T>::make},
        {"dense", Dense<T>::make},
        {"depthwise_convolution", DepthwiseConvolution<T>::make},
        {"dot", Dot<T>::make},
        {"embedding", Embedding<T>::make},
        {"flatten", make_flatten<T>},
        {"group_normalization", make_group_normalization<T>},
        {"gru", Gru<T>::make},
        {"layer_normalization", make_layer_normalization<T, false>},
        {"log_softmax", LogSoftmax<T>::make},
        {"lstm", Lstm<T>::make},
        {"masked_mean", MaskedMean<T>::make},
        {"masking", Masking<T>::make},
        {"max_pooling", Pooling<T>::make_largest},
        {"masked_last", MaskedLast<T>::make},
        {"masked_sum", MaskedSum<T>::make},
        {"masked_values", MaskedValues<T>::make},
        {"maximum", Elementwise<T>::template make<Merge::largest>},
        {"maxout", Maxout<T>::make},
        {"minimum", Elementwise<T>::template make<Merge::smallest>},
        {"multiply", Elementwise<T>::template make<Merge::product>},
        {"not_equal", NotEqual<T>::make},
        {"permute", make_permute<T>},
        {"prelu", PRelu<T>::make},
        {"preprocessing", Preprocessing<T>::make},
        {"reshape", make_reshape<T>},
        {"rms_normalization", make_layer_normalization<T, true>},
        {"simple_rnn", SimpleRnn<T>::make},
        {"softmax", Softmax<T>::make},
        {"subtract", Elementwise<T>::template make<Merge::difference>},
        {"time_distributed", TimeDistributed<T>::make},
        {"unit_normalization", UnitNormalization<T>::make},
        {"zero_padding", ZeroPadding<T>::make},
    };
    const Field type = declaration.node.at("type");
    for (const auto& [name, factory] : factories) {
        if (type.text() == name) return factory(declaration);
    }
    type.fail({"unknown type of node '", shortened(type.text()), "'"});
}

}  // namespace keras_hep::layers
