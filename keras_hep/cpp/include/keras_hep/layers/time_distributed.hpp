// A layer that acts on each entry of the first axis alone: to it, entries are events.
#pragma once

#include <memory>
#include <utility>

#include "layer.hpp"

namespace keras_hep::layers {

template <class T>
class TimeDistributed final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("layer");
        const Field inner = declaration.node.at("layer");
        const std::size_t entries = declaration.shape[0] != open_size ? declaration.shape[0] : declaration.inputs[0][0];
        Declaration part{inner, {}, inner.at("shape").open_shape()};
        for (const Shape& input : declaration.inputs) {
            if (input.size() < 2 || input[0] != entries) {
                declaration.node.at("inputs").fail_shape({"expected inputs of ", entries, " entries, found ", input});
            }
            part.inputs.emplace_back(input.begin() + 1, input.end());
        }
        auto layer = layers::make<T>(part);
        Shape expected = {entries};
        expected.insert(expected.end(), part.shape.begin(), part.shape.end());
        declaration.gives(expected);
        return Made<T>(new TimeDistributed(entries, std::move(layer)));
    }

    TimeDistributed(std::size_t entries, std::unique_ptr<Layer<T>> layer) : entries_(entries), layer_(std::move(layer)) {}

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T* scratch) const override {
        layer_->run(inputs, output, events * entries_, scratch);
    }

    std::size_t scratch(std::size_t events) const override { return layer_->scratch(events * entries_); }

    KERAS_HEP_LOADING void prepare(const Kernels<T>& kernels) override {
        Layer<T>::prepare(kernels);
        layer_->prepare(kernels);
    }

    std::optional<Function<T>> function() const override { return layer_->function(); }
    const Affine<T>* affine() const override { return layer_->affine(); }
    bool is_view() const override { return layer_->is_view(); }
    bool absorb(const Function<T>& function) override { return layer_->absorb(function); }
    bool absorb_after(const Affine<T>& map) override { return layer_->absorb_after(map); }
    bool absorb_before(const Affine<T>& map) override { return layer_->absorb_before(map); }

private:
    std::size_t entries_;
    std::unique_ptr<Layer<T>> layer_;
};

}  // namespace keras_hep::layers
