// Scores of all jets of an event, for ROOT::RDataFrame::DefineSlot.
#pragma once

#include <ROOT/RVec.hxx>
#include <keras_hep/network.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

/// What RDataFrame calls with the number of its thread ("slot") and the columns of an event, one number for each jet.
///
/// The columns are matched with the variables of the network by name, so their order does not matter. Copies share the network
/// and the workspaces, of which each slot has one.
template <std::size_t Number>
class JetScores {
public:
    /// Score of the label `label` of the network's only output; columns are called `prefix` + name of the variable.
    JetScores(const std::string& path, const std::string& label, const std::array<std::string, Number>& columns, unsigned int slots,
              const std::string& prefix = "")
        : shared_(std::make_shared<Shared>(Shared{keras_hep::Network::load(path), std::vector<keras_hep::Workspace>(slots)})) {
        const auto& inputs = shared_->net.inputs();
        if (inputs.size() != 1 || inputs[0].features.size() != Number) {
            throw std::invalid_argument(path + ": expected one input of " + std::to_string(Number) + " variables");
        }
        for (std::size_t k = 0; k < Number; ++k) {
            const std::string& name = inputs[0].features[k].name;
            const auto column = std::find(columns.begin(), columns.end(), prefix + name);
            if (column == columns.end()) throw std::invalid_argument(path + ": no column for the variable '" + name + "'");
            column_of_[k] = static_cast<std::size_t>(column - columns.begin());
        }
        const auto& labels = shared_->net.outputs().at(0).labels;
        const auto found = std::find(labels.begin(), labels.end(), label);
        if (found == labels.end()) throw std::invalid_argument(path + ": no output '" + label + "'");
        label_ = static_cast<std::size_t>(found - labels.begin());
    }

    template <class... Columns>
    ROOT::RVecF operator()(unsigned int slot, const Columns&... columns) const {
        static_assert(sizeof...(Columns) == Number, "a column for each variable");
        const std::array<const ROOT::RVecF*, Number> values = {&columns...};
        const std::size_t jets = values[0]->size();
        ROOT::RVecF scores(jets);
        keras_hep::Workspace& space = shared_->spaces.at(slot);
        for (std::size_t jet = 0; jet < jets; ++jet) {
            std::array<float, Number> features;
            for (std::size_t k = 0; k < Number; ++k) features[k] = (*values[column_of_[k]])[jet];
            const keras_hep::Array input{features.data(), 1};
            shared_->net.run(&input, space);
            scores[jet] = shared_->net.values_of(0, space)[label_];
        }
        return scores;
    }

private:
    struct Shared {
        keras_hep::Network net;
        std::vector<keras_hep::Workspace> spaces;
    };

    std::shared_ptr<Shared> shared_;
    std::array<std::size_t, Number> column_of_ = {};
    std::size_t label_ = 0;
};
