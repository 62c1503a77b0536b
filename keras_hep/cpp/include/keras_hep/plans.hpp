// The plans of a network with open axes: one for each set of their sizes, made when an event first has them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "errors.hpp"
#include "field.hpp"
#include "graph.hpp"
#include "input.hpp"
#include "loading.hpp"
#include "message.hpp"
#include "options.hpp"
#include "shape.hpp"

namespace keras_hep {

/// Plans are never taken away, so that threads find those that exist without waiting. They share their packed weights.
template <class T>
class Plans {
public:
    /// `source` says how the document is read, `bytes` is the size of the file, and `outputs` are numbers of nodes.
    KERAS_HEP_LOADING Plans(json::Value document, const Source& source, std::size_t bytes, std::vector<Input> inputs,
                            std::vector<std::size_t> outputs, const Options& options)
        : document_(std::move(document)),
          source_{&document_, source.path, source.exact},
          bytes_(bytes),
          inputs_(std::move(inputs)),
          outputs_(std::move(outputs)),
          options_(options),
          kernels_(kernels_of<T>(options)) {
        kernels_.pool = &pool_;
        for (std::atomic<Plan*>& bucket : buckets_) bucket = nullptr;
    }
    Plans(const Plans&) = delete;
    Plans& operator=(const Plans&) = delete;
    ~Plans() {
        for (std::atomic<Plan*>& bucket : buckets_) {
            for (Plan* plan = bucket; plan != nullptr;) delete std::exchange(plan, plan->next);
        }
    }

    /// The plan for events whose open axes have these sizes, or throw InputError where a layer cannot take them.
    const Graph<T>& of(const Shape& sizes) const {
        std::size_t hash = 0;
        for (const std::size_t size : sizes) hash = hash * 11 + size;
        std::atomic<Plan*>& bucket = buckets_[hash % buckets_.size()];
        if (const Plan* found = find(bucket.load(std::memory_order_acquire), sizes)) return found->graph;
        const std::lock_guard<std::mutex> lock(making_);
        Plan* first = bucket.load(std::memory_order_acquire);
        if (const Plan* found = find(first, sizes)) return found->graph;
        auto plan = std::make_unique<Plan>(Plan{sizes, make(sizes), first});
        bucket.store(plan.get(), std::memory_order_release);
        return plan.release()->graph;
    }

private:
    struct Plan {
        Shape sizes;
        Graph<T> graph;
        Plan* next;
    };

    static const Plan* find(const Plan* plan, const Shape& sizes) {
        while (plan != nullptr && plan->sizes != sizes) plan = plan->next;
        return plan;
    }

    KERAS_HEP_LOADING Graph<T> make(const Shape& sizes) const {
        std::vector<Input> inputs;
        const std::size_t* next = sizes.data();
        for (const Input& input : inputs_) {
            inputs.push_back(input.of_sizes(next));
            next += input.open.size();
        }
        try {
            Graph<T> graph(Field(source_).at("nodes"), inputs, bytes_);
            graph.prepare(outputs_, options_, kernels_);
            return graph;
        } catch (const Error& error) {
            throw InputError(joined({"the network cannot take inputs whose open axes have the sizes ", sizes, ": ", error.what()}));
        }
    }

    json::Value document_;
    Source source_;
    std::size_t bytes_;
    std::vector<Input> inputs_;
    std::vector<std::size_t> outputs_;
    Options options_;
    simd::Kernels<T> kernels_;
    mutable simd::Pool<T> pool_;
    mutable std::mutex making_;
    mutable std::array<std::atomic<Plan*>, 64> buckets_;
};

}  // namespace keras_hep
