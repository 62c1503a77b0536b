// Raw values to standardised ones, feature by feature: default, clip, transform, offset, scale.
#pragma once

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "layer.hpp"

namespace keras_hep::layers {

template <class T>
class Preprocessing final : public Layer<T> {
public:
    KERAS_HEP_LOADING static std::unique_ptr<Layer<T>> make(const Declaration& declaration) {
        declaration.attributes("features");
        declaration.takes(1);
        declaration.gives(declaration.inputs[0]);
        const Field field = declaration.node.at("features");
        std::vector<Feature> features;
        for (const Field& item : field.items()) features.push_back(read(item));
        if (features.size() != declaration.shape.back()) {
            field.fail_shape({"expected ", declaration.shape.back(), " features, found ", features.size()});
        }
        const std::size_t rows = product(declaration.shape, 0, declaration.shape.size() - 1);
        return std::unique_ptr<Layer<T>>(new Preprocessing(rows, std::move(features)));
    }

    void run(const Arguments<T>& inputs, T* output, std::size_t events, T*) const override {
        const T* input = inputs[0];
        for (std::size_t row = 0; row < rows_ * events; ++row) {
            for (const Feature& feature : features_) *output++ = feature(*input++);
        }
    }

    const Affine<T>* affine() const override { return is_affine_ ? &map_ : nullptr; }

private:
    using Transform = T (*)(T);

    struct Feature {
        bool is_affine;  ///< nothing but offset and scale
        bool has_default;
        T otherwise;
        T low;
        T high;
        Transform transform;
        T offset;
        T scale;

        T operator()(T x) const {
            if (has_default && !std::isfinite(x)) x = otherwise;
            x = x < low ? low : x > high ? high : x;
            return (transform(x) + offset) * scale;
        }
    };

    Preprocessing(std::size_t rows, std::vector<Feature> features) : rows_(rows), features_(std::move(features)) {
        for (const Feature& feature : features_) {
            map_.factor.push_back(feature.scale);
            map_.offset.push_back(feature.offset * feature.scale);
            is_affine_ = is_affine_ && feature.is_affine;
        }
    }

    KERAS_HEP_LOADING static Feature read(const Field& field) {
        field.only("default clip transform offset scale");
        const Field otherwise = field.at("default");
        const Field clip = field.at("clip");
        constexpr T infinity = std::numeric_limits<T>::infinity();
        const std::vector<T> range = clip.is_null() ? std::vector<T>{-infinity, infinity} : clip.numbers_of_size<T>(2);
        const bool is_affine = otherwise.is_null() && clip.is_null() && field.at("transform").text() == "none";
        return {is_affine, !otherwise.is_null(), otherwise.is_null() ? T(0) : otherwise.number<T>(), range[0], range[1],
                find(field.at("transform")), field.at("offset").number<T>(), field.at("scale").number<T>()};
    }

    KERAS_HEP_LOADING static Transform find(const Field& field) {
        const std::string& name = field.text();
        if (name == "none") return [](T x) { return x; };
        if (name == "log") return [](T x) { return std::log(x); };
        if (name == "log1p") return [](T x) { return std::log1p(x); };
        if (name == "asinh") return [](T x) { return std::asinh(x); };
        if (name == "sqrt") return [](T x) { return std::sqrt(x); };
        field.fail({"unknown transform '", shortened(name), "'; known: none, log, log1p, asinh, sqrt"});
    }

    std::size_t rows_;
    std::vector<Feature> features_;
    Affine<T> map_;
    bool is_affine_ = true;
};

}  // namespace keras_hep::layers
