// Reads a network of lwtnn and evaluates events, in single and in double precision: answers NETWORK EVENTS LENGTH
//
// EVENTS holds, for each event, a line "event", and for each variable a line with the input, the variable, how many numbers
// follow (-1 for one number that is no list), and the numbers. The answer is, for each event and output, a line with the values in
// single precision and one with those in double precision, in the order of the labels in the file. An error is one line.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "keras_hep/lwtnn.hpp"

namespace {

void read_variable(const std::string& line, keras_hep::NamedInputs& inputs) {
    std::istringstream stream(line);
    std::string input, variable;
    int number = 0;
    stream >> input >> variable >> number;
    std::vector<double> values(static_cast<std::size_t>(number < 0 ? 1 : number));
    for (double& value : values) stream >> value;
    if (number < 0) {
        inputs[input].emplace(variable, keras_hep::Column(values[0]));
    } else {
        inputs[input].emplace(variable, keras_hep::Column(values));
    }
}

template <class T>
void write(const keras_hep::BasicNetwork<T>& net, const keras_hep::NamedInputs& inputs, const keras_hep::Output& output) {
    const auto values = net.evaluate(inputs, output.name);
    for (const std::string& label : output.labels) std::printf("%.17g ", values.at(label));
    std::printf("\n");
}

void evaluate(const std::string& path, const char* events, std::size_t length) {
    const auto net = keras_hep::lwtnn::load(path, {}, length);
    const auto exact = keras_hep::lwtnn::load<double>(path, {}, length);
    std::ifstream file(events);
    std::string line;
    keras_hep::NamedInputs inputs;
    bool more = true;
    while (more) {
        more = static_cast<bool>(std::getline(file, line));
        if (more && line != "event") {
            read_variable(line, inputs);
            continue;
        }
        for (const keras_hep::Output& output : inputs.empty() ? std::vector<keras_hep::Output>{} : net.outputs()) {
            write(net, inputs, output);
            write(exact, inputs, output);
        }
        inputs.clear();
    }
}

}  // namespace

int main(int, char** argv) {
    try {
        evaluate(argv[1], argv[2], std::stoul(argv[3]));
    } catch (const keras_hep::ShapeError& error) {
        std::cout << "ShapeError " << error.what() << "\n";
    } catch (const keras_hep::ParseError& error) {
        std::cout << "ParseError " << error.what() << "\n";
    }
}
