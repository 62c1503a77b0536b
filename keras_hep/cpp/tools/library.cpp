// The runtime behind a C interface, for keras_hep.export.Network. Functions that can fail return 0 or a code, and leave a message.
#include <cstring>
#include <exception>

#include "keras_hep/network.hpp"

namespace {

enum Code { ok = 0, failed = 1, differs = 2 };

void write(char* message, std::size_t size, const char* text) {
    std::strncpy(message, text, size - 1);
    message[size - 1] = '\0';
}

template <class Call>
int guarded(char* message, std::size_t size, Call call) {
    try {
        call();
        return ok;
    } catch (const keras_hep::CheckError& error) {
        write(message, size, error.what());
        return differs;
    } catch (const std::exception& error) {
        write(message, size, error.what());
    } catch (...) {
        write(message, size, "an exception of an unknown kind");
    }
    return failed;
}

const keras_hep::Network& network(const void* handle) { return *static_cast<const keras_hep::Network*>(handle); }

}  // namespace

extern "C" {

int keras_hep_load(const char* path, int reproducible, void** handle, char* message, std::size_t size) {
    return guarded(message, size, [&] {
        keras_hep::Options options;
        options.reproducible = reproducible != 0;
        *handle = new keras_hep::Network(keras_hep::Network::load(path, options));
    });
}

void keras_hep_free(void* handle) { delete static_cast<keras_hep::Network*>(handle); }

std::size_t keras_hep_inputs(const void* handle) { return network(handle).inputs().size(); }

const char* keras_hep_input_name(const void* handle, std::size_t input) { return network(handle).inputs()[input].name.c_str(); }

int keras_hep_input_is_sequence(const void* handle, std::size_t input) { return network(handle).inputs()[input].is_sequence() ? 1 : 0; }

/// Write the sizes of at most eight axes and return their number.
std::size_t keras_hep_input_shape(const void* handle, std::size_t input, std::size_t* axes) {
    const keras_hep::Shape shape = network(handle).inputs()[input].shape();
    for (std::size_t i = 0; i < shape.size(); ++i) axes[i] = shape[i];
    return shape.size();
}

/// Write which axes are open, at most two, and return their number.
std::size_t keras_hep_input_open(const void* handle, std::size_t input, std::size_t* axes) {
    const std::vector<std::size_t>& open = network(handle).inputs()[input].open;
    for (std::size_t i = 0; i < open.size(); ++i) axes[i] = open[i];
    return open.size();
}

std::size_t keras_hep_outputs(const void* handle) { return network(handle).outputs().size(); }

const char* keras_hep_output_name(const void* handle, std::size_t output) { return network(handle).outputs()[output].name.c_str(); }

std::size_t keras_hep_labels(const void* handle, std::size_t output) { return network(handle).outputs()[output].labels.size(); }

const char* keras_hep_label(const void* handle, std::size_t output, std::size_t label) {
    return network(handle).outputs()[output].labels[label].c_str();
}

/// Evaluate events; `rows[i]` is null, or for a sequence the number of real objects of each event; of open axes `rows[i]` and
/// `columns[i]` are the sizes.
int keras_hep_predict(const void* handle, const float* const* values, const std::size_t* const* rows, const std::size_t* const* columns,
                      std::size_t events, float* const* outputs, char* message, std::size_t size) {
    return guarded(message, size, [&] {
        const keras_hep::Network& net = network(handle);
        std::vector<keras_hep::Batch> batches;
        for (std::size_t i = 0; i < net.inputs().size(); ++i) batches.push_back({values[i], rows[i], columns[i]});
        keras_hep::Workspace space;
        net.run_batch(batches.data(), events, outputs, space);
    });
}

int keras_hep_self_check(const void* handle, double tolerance, double* worst, char* message, std::size_t size) {
    return guarded(message, size, [&] { *worst = network(handle).self_check(tolerance); });
}

}  // extern "C"
