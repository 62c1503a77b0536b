// Networks with open axes: open_axes PLAIN.json SEQUENCE.json IMAGE.json
//
// PLAIN has the plain tensor `x` (1 to 12, 3) and gives (length, 2); SEQUENCE has objects `parts` (1 to 9) of the variables pt and eta;
// IMAGE has the plain tensor `image` (1 to 4, 1 to 5, 2). Plans are made while threads ask for them; afterwards nothing is
// allocated, and they share their weights.
#include <malloc.h>

#include <atomic>
#include <cmath>
#include <new>
#include <thread>

#include "expect.hpp"
#include "keras_hep/network.hpp"

using keras_hep::Array;
using keras_hep::InputError;
using keras_hep::Network;

namespace {

std::atomic<std::size_t> allocations{0};
std::atomic<std::size_t> live{0};

void* counted(void* memory) {
    if (memory == nullptr) throw std::bad_alloc();
    ++allocations;
    live += malloc_usable_size(memory);
    return memory;
}

void release(void* memory) {
    if (memory != nullptr) live -= malloc_usable_size(memory);
    std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return counted(std::malloc(size)); }
void* operator new(std::size_t size, std::align_val_t unit) {
    const auto step = static_cast<std::size_t>(unit);
    return counted(std::aligned_alloc(step, (size + step - 1) / step * step));
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }

namespace {

constexpr std::size_t longest = 12;

std::vector<float> numbers(std::size_t size) {
    std::vector<float> values(size);
    for (std::size_t i = 0; i < size; ++i) values[i] = static_cast<float>(i * 37 % 101) / 50 - 1;
    return values;
}

/// The outputs for each length, asked for in an order of their own.
std::vector<std::vector<float>> evaluate(const Network& net, std::size_t first) {
    const std::vector<float> x = numbers(longest * 3);
    std::vector<std::vector<float>> result(longest + 1);
    keras_hep::Workspace space;
    for (std::size_t i = 0; i < longest; ++i) {
        const std::size_t length = (first + 5 * i) % longest + 1;
        const Array array{x.data(), length};
        net.run(&array, space);
        result[length].assign(net.values_of(0, space), net.values_of(0, space) + net.size_of(0, space));
    }
    return result;
}

void test_threads(const char* path) {
    const Network net = Network::load(path);
    std::vector<std::vector<std::vector<float>>> results(8);
    std::vector<std::thread> running;
    for (std::size_t thread = 0; thread < results.size(); ++thread) {
        running.emplace_back([&net, &result = results[thread], thread] { result = evaluate(net, thread); });
    }
    for (std::thread& thread : running) thread.join();
    const auto alone = evaluate(Network::load(path), 0);
    for (std::size_t length = 1; length <= longest; ++length) EXPECT(alone[length].size() == 2 * length);
    for (const auto& result : results) EXPECT(result == alone);
}

void test_memory(const char* path) {
    const Network net = Network::load(path);
    const std::vector<float> x = numbers(longest * 3);
    keras_hep::Workspace space;
    const auto run_all = [&] {
        for (std::size_t length = longest; length > 0; --length) {
            const Array array{x.data(), length};
            net.run(&array, space);
        }
    };
    const Array array{x.data(), longest};
    const std::size_t before = live;
    net.run(&array, space);
    const std::size_t one = live - before;
    run_all();
    const std::size_t all = live - before;
    EXPECT(one > std::size_t{128} * 3 * 128 * sizeof(float));  // the weights of the states of a GRU are among it
    EXPECT(all < 2 * one);
    const std::size_t made = allocations;
    run_all();
    EXPECT(allocations == made);
    std::vector<float> values(2 * longest * net.outputs()[0].labels.size());
    const std::vector<float> two = numbers(2 * longest * 3);
    const std::size_t rows[] = {7, 7};
    float* const outputs[] = {values.data()};
    const keras_hep::Batch batch{two.data(), rows};
    net.run_batch(&batch, 2, outputs, space);
    EXPECT(!std::isnan(values[13]) && std::isnan(values[14]) && std::isnan(values[2 * longest - 1]) && !std::isnan(values[2 * longest]));
}

void test_calls(const char* plain, const char* sequence, const char* image) {
    const Network net = Network::load(plain);
    EXPECT(net.self_check() < 1e-5 && net.inputs()[0].open == std::vector<std::size_t>{0});
    const auto two = net.evaluate({{"x", {{"x", {0.1, 0.2, 0.3, 0.4, 0.5, 0.6}}}}});
    EXPECT(two.size() == 4);
    const float values[] = {0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F};
    const auto array = net.evaluate_arrays({{values, 2}});
    for (std::size_t i = 0; i < 4; ++i) EXPECT(two.at(net.outputs()[0].labels[i]) == static_cast<double>(array[i]));
    EXPECT(throws<InputError>("takes a multiple of 3 values, found 4", [&] { net.evaluate({{"x", {{"x", {1.0, 2.0, 3.0, 4.0}}}}}); }));
    EXPECT(throws<InputError>("sizes from 1 to 12 along axis 0, found 0", [&] { net.evaluate_arrays({{values, 0}}); }));
    EXPECT(throws<InputError>("sizes from 1 to 12 along axis 0, found 13", [&] { net.evaluate_arrays({{values, 13}}); }));

    const Network objects = Network::load(sequence);
    const std::vector<float> many = numbers(2 * 11);
    EXPECT(objects.evaluate_arrays({{many.data(), 11}}) == objects.evaluate_arrays({{many.data(), 9}}));  // cut, as in the training
    const auto named = objects.evaluate({{"parts", {{"pt", {many[0], many[2]}}, {"eta", {many[1], many[3]}}}}});
    const auto same = objects.evaluate_arrays({{many.data(), 2}});
    for (std::size_t i = 0; i < same.size(); ++i) EXPECT(named.at(objects.outputs()[0].labels[i]) == static_cast<double>(same[i]));

    const Network images = Network::load(image);
    EXPECT(images.evaluate_arrays({{many.data(), 2, 5}}) != images.evaluate_arrays({{many.data(), 5 - 1, 2}}));
    EXPECT(throws<InputError>("along axis 1, found 6", [&] { images.evaluate_arrays({{many.data(), 1, 6}}); }));
    EXPECT(throws<InputError>("two open axes", [&] { images.evaluate({{"image", {{"image", {1.0, 2.0}}}}}); }));
    EXPECT(keras_hep::DoubleNetwork::load(image).self_check() < 1e-5);
}

}  // namespace

int main(int, char** paths) {
    test_threads(paths[1]);
    test_memory(paths[1]);
    test_calls(paths[1], paths[2], paths[3]);
}
