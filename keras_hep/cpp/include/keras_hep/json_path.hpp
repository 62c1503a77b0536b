// Where a value stands in its document. Errors alone ask for it, so that nothing keeps a path while a network is read.
#pragma once

#include <cstddef>
#include <string>

#include "json_value.hpp"

namespace keras_hep::json {

/// Find `value` at or below `top`, and put its place, such as `.nodes[3].weights`, before `path`; returns whether it is there.
KERAS_HEP_LOADING inline bool find_path(const Value& top, const Value& value, std::string& path) {
    if (&top == &value) return true;
    if (const auto* array = top.get<Array>()) {
        for (std::size_t i = 0; i < array->size(); ++i) {
            if (!find_path((*array)[i], value, path)) continue;
            path.insert(0, "[" + std::to_string(i) + "]");
            return true;
        }
    } else if (const auto* members = top.get<Object>()) {
        for (const Member& member : *members) {
            if (!find_path(member.value, value, path)) continue;
            path.insert(0, "." + member.key);
            return true;
        }
    }
    return false;
}

}  // namespace keras_hep::json
