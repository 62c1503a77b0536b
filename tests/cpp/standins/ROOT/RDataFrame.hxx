// What the example needs of ROOT: the "file" is text, an event a line of the numbers of jets, then pt, eta, mass of each; the
// two slots take turns; a snapshot is written as text.
#pragma once

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "RVec.hxx"

namespace ROOT {

inline void EnableImplicitMT() {}

class RDataFrame {
public:
    RDataFrame(const std::string&, const std::string& path) {
        std::ifstream file(path);
        std::size_t jets = 0;
        while (file >> jets) {
            std::map<std::string, RVecF> event = {{"Jet_pt", {}}, {"Jet_eta", {}}, {"Jet_mass", {}}};
            for (std::size_t jet = 0; jet < jets; ++jet) {
                for (const char* name : {"Jet_pt", "Jet_eta", "Jet_mass"}) {
                    float value = 0;
                    file >> value;
                    event[name].push_back(value);
                }
            }
            events_.push_back(event);
        }
    }

    unsigned int GetNSlots() const { return 2; }

    template <class Function>
    RDataFrame& DefineSlot(const std::string& name, Function function, const std::vector<std::string>& columns) {
        unsigned int slot = 0;
        for (auto& event : events_) {
            event[name] = function(slot, event.at(columns.at(0)), event.at(columns.at(1)), event.at(columns.at(2)));
            slot = 1 - slot;
        }
        return *this;
    }

    void Snapshot(const std::string&, const std::string& path, const std::vector<std::string>& columns) const {
        std::ofstream file(path);
        file.precision(9);
        for (const auto& event : events_) {
            for (const float value : event.at(columns.back())) file << value << "\n";
        }
    }

private:
    std::vector<std::map<std::string, RVecF>> events_;
};

}  // namespace ROOT
