#include "JetTagAlg.h"

#include <algorithm>

namespace {

// The variables of the network, in the order of its file.
const std::string names[] = {"pt", "eta", "mass"};

}  // namespace

JetTagAlg::JetTagAlg(const std::string& name, ISvcLocator* services) : EL::AnaAlgorithm(name, services) {
    declareProperty("Network", m_network = "net.json", "file of the network");
    declareProperty("Jets", m_jets = "AntiKt4EMPFlowJets", "container of the jets");
    declareProperty("Label", m_label = "b", "label of the score");
    declareProperty("Decoration", m_decoration = "score_b", "name of the decoration");
}

StatusCode JetTagAlg::initialize() {
    try {
        m_net = keras_hep::Network::load(m_network);
        m_net->self_check();
    } catch (const keras_hep::Error& error) {
        ANA_MSG_ERROR(m_network << ": " << error.what());
        return StatusCode::FAILURE;
    }
    const auto& inputs = m_net->inputs();
    const auto same = [](const std::string& known, const keras_hep::Feature& feature) { return known == feature.name; };
    if (inputs.size() != 1 || !std::equal(std::begin(names), std::end(names), inputs[0].features.begin(), inputs[0].features.end(), same)) {
        ANA_MSG_ERROR(m_network << " is not a network of pt, eta and mass");
        return StatusCode::FAILURE;
    }
    const auto& labels = m_net->outputs()[0].labels;
    const auto found = std::find(labels.begin(), labels.end(), m_label);
    if (found == labels.end()) {
        ANA_MSG_ERROR(m_network << " has no label " << m_label);
        return StatusCode::FAILURE;
    }
    m_position = static_cast<std::size_t>(found - labels.begin());
    ANA_MSG_INFO("network of " << m_net->nodes().size() << " nodes from " << m_network);
    return StatusCode::SUCCESS;
}

StatusCode JetTagAlg::execute() {
    const xAOD::JetContainer* jets = nullptr;
    ANA_CHECK(evtStore()->retrieve(jets, m_jets));
    const SG::AuxElement::Decorator<float> score(m_decoration);
    constexpr double GeV = 1000.0;  // the network was trained in GeV, xAOD is in MeV
    for (const xAOD::Jet* jet : *jets) {
        const float values[] = {static_cast<float>(jet->pt() / GeV), static_cast<float>(jet->eta()), static_cast<float>(jet->m() / GeV)};
        const keras_hep::Array input{values, 1};
        m_net->run(&input, m_space);
        score(*jet) = m_net->values_of(0, m_space)[m_position];
    }
    return StatusCode::SUCCESS;
}
