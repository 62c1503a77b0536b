// Evaluates events from a binary file and writes the values of every node, and then the outputs as they are
// without keeping the nodes apart: evaluate NETWORK.json EVENTS OUTPUT
//
// EVENTS holds, event after event and input after input, the number of objects of a sequence, or the sizes of the open
// axes (uint32), and the values (float32); OUTPUT receives, event after event, all nodes in the order of the file (float32).
#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>

#include "keras_hep/network.hpp"

namespace {

template <class T>
bool read(std::istream& file, T* values, std::size_t number) {
    const auto bytes = static_cast<std::streamsize>(number * sizeof(T));
    file.read(reinterpret_cast<char*>(values), bytes);
    return file.gcount() == bytes;
}

bool read_event(std::istream& file, const std::vector<keras_hep::Input>& inputs, std::vector<std::vector<float>>& buffers,
                std::vector<keras_hep::Array>& arrays) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        std::uint32_t sizes[2] = {1, 1};
        const std::size_t given = inputs[i].is_sequence() ? 1 : inputs[i].open.size();
        if (!read(file, sizes, given)) return false;
        buffers[i].resize(inputs[i].values_of(sizes[0], sizes[1]));
        if (!read(file, buffers[i].data(), buffers[i].size())) return false;
        arrays[i] = {buffers[i].data(), sizes[0], sizes[1]};
    }
    return true;
}

void write(std::ostream& file, const float* values, std::size_t size) {
    file.write(reinterpret_cast<const char*>(values), static_cast<std::streamsize>(size * sizeof(float)));
}

void evaluate(const char* network, const char* events, const char* output) {
    keras_hep::Options apart;
    apart.keep_nodes = true;
    const auto nodes = keras_hep::Network::load(network, apart);
    const auto net = keras_hep::Network::load(network);
    std::ifstream in(events, std::ios::binary);
    std::ofstream out(output, std::ios::binary);
    std::vector<std::vector<float>> buffers(net.inputs().size());
    std::vector<keras_hep::Array> arrays(net.inputs().size());
    keras_hep::Workspace space;
    while (in.peek() != std::ifstream::traits_type::eof()) {
        if (!read_event(in, net.inputs(), buffers, arrays)) throw keras_hep::InputError("the file of events ends within an event");
        nodes.run(arrays.data(), space);
        for (const auto& node : nodes.trace(space)) write(out, node.values.data(), node.values.size());
        net.run(arrays.data(), space);
        for (std::size_t i = 0; i < net.outputs().size(); ++i) write(out, net.values_of(i, space), net.size_of(i, space));
    }
    if (!in.is_open() || !out.flush()) throw keras_hep::InputError("cannot read the events or write the output");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::cerr << "usage: evaluate NETWORK.json EVENTS OUTPUT\n";
        return 2;
    }
    try {
        evaluate(argv[1], argv[2], argv[3]);
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
    return 0;
}
