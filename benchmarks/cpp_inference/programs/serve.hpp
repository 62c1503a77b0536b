// What the measured programs have in common: they read events, write what they make of them, and then answer each line
// "BATCH SECONDS" on standard input with the nanoseconds that an event takes, measured for about so many seconds.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

/// Read a file of numbers.
template <class Number>
std::vector<Number> read_numbers(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (bytes.empty()) throw std::runtime_error("cannot read " + path);
    std::vector<Number> numbers(bytes.size() / sizeof(Number));
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(numbers.data()));
    return numbers;
}

/// `evaluate(events, number, outputs)` takes and gives events of these sizes, one after another.
template <class Evaluate>
void serve(const std::string& events_path, const std::string& outputs_path, std::size_t size, std::size_t output_size, Evaluate evaluate) {
    const std::vector<float> events = read_numbers<float>(events_path);
    const std::size_t number = events.size() / size;
    std::vector<float> outputs(number * output_size);
    evaluate(events.data(), number, outputs.data());
    std::ofstream(outputs_path, std::ios::binary)
        .write(reinterpret_cast<const char*>(outputs.data()), static_cast<std::streamsize>(outputs.size() * sizeof(float)));
    std::cout << "ready" << std::endl;

    using Clock = std::chrono::steady_clock;
    std::size_t batch = 0;
    double seconds = 0;
    while (std::cin >> batch >> seconds) {
        // A tour of several events, so that no branch is learnt by heart.
        const std::size_t calls = batch == 1 ? std::min<std::size_t>(64, number) : 1;
        std::size_t done = 0;
        const auto begin = Clock::now();
        double elapsed = 0;
        do {
            for (std::size_t call = 0; call < calls; ++call) evaluate(events.data() + call * size, batch, outputs.data() + call * output_size);
            done += calls * batch;
            elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
        } while (elapsed < seconds);
        std::cout << elapsed * 1e9 / static_cast<double>(done) << std::endl;
    }
}
