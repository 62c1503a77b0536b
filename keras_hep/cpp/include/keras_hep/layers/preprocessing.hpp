// Raw values to standardised ones, feature by feature: default, clip, transform, offset, scale.
#pragma once

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "layer.hpp"

namespace keras_hep::layers {

class Preprocessing final : public Layer {
public:
    static std::unique_ptr<Layer> make(const Declaration& declaration) {
        declaration.attributes({"features"});
        declaration.takes(1);
        declaration.gives(declaration.inputs[0]);
        const Field field = declaration.node.at("features");
        std::vector<Feature> features;
        for (const Field& item : field.items()) features.push_back(read(item));
        if (features.size() != declaration.shape.back()) {
            field.fail_shape("expected " + std::to_string(declaration.shape.back()) + " features, found " + std::to_string(features.size()));
        }
        const std::size_t rows = product(declaration.shape, 0, declaration.shape.size() - 1);
        return std::make_unique<Preprocessing>(Preprocessing(rows, std::move(features)));
    }

    void run(const Arguments& inputs, float* output) const override {
        const float* input = inputs[0];
        for (std::size_t row = 0; row < rows_; ++row) {
            for (const Feature& feature : features_) *output++ = feature(*input++);
        }
    }

private:
    using Transform = float (*)(float);

    struct Feature {
        bool has_default;
        float otherwise;
        float low;
        float high;
        Transform transform;
        float offset;
        float scale;

        float operator()(float x) const {
            if (has_default && !std::isfinite(x)) x = otherwise;
            x = x < low ? low : x > high ? high : x;
            return (transform(x) + offset) * scale;
        }
    };

    Preprocessing(std::size_t rows, std::vector<Feature> features) : rows_(rows), features_(std::move(features)) {}

    static Feature read(const Field& field) {
        field.only({"default", "clip", "transform", "offset", "scale"});
        const Field otherwise = field.at("default");
        const Field clip = field.at("clip");
        constexpr float infinity = std::numeric_limits<float>::infinity();
        const std::vector<float> range = clip.is_null() ? std::vector<float>{-infinity, infinity} : clip.floats_of_size(2);
        return {!otherwise.is_null(), otherwise.is_null() ? 0.0F : otherwise.real(), range[0], range[1],
                find(field.at("transform")), field.at("offset").real(), field.at("scale").real()};
    }

    static Transform find(const Field& field) {
        const std::string& name = field.text();
        if (name == "none") return [](float x) { return x; };
        if (name == "log") return [](float x) { return std::log(x); };
        if (name == "log1p") return [](float x) { return std::log1p(x); };
        if (name == "asinh") return [](float x) { return std::asinh(x); };
        if (name == "sqrt") return [](float x) { return std::sqrt(x); };
        field.fail("unknown transform '" + name.substr(0, 80) + "'; known: none, log, log1p, asinh, sqrt");
    }

    std::size_t rows_;
    std::vector<Feature> features_;
};

}  // namespace keras_hep::layers
