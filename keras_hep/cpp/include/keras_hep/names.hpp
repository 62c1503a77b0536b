// Names that must not stand twice, each with a number.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "loading.hpp"

namespace keras_hep {

class Names {
public:
    /// Returns false, and changes nothing, where the name is there already.
    KERAS_HEP_LOADING bool add(const std::string& name, std::size_t number = 0) { return numbers_.emplace(name, number).second; }

    /// The number of a name, or null where it is not there.
    KERAS_HEP_LOADING const std::size_t* find(const std::string& name) const {
        const auto found = numbers_.find(name);
        return found == numbers_.end() ? nullptr : &found->second;
    }

    /// The numbers in the order of the names.
    KERAS_HEP_LOADING std::vector<std::size_t> in_order() const {
        std::vector<std::size_t> result;
        for (const auto& entry : numbers_) result.push_back(entry.second);
        return result;
    }

private:
    std::map<std::string, std::size_t> numbers_;
};

}  // namespace keras_hep
