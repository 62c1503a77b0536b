// An algorithm of AnalysisBase or Athena that decorates jets with the score of a network.
#pragma once

#include <AnaAlgorithm/AnaAlgorithm.h>
#include <keras_hep/network.hpp>
#include <xAODJet/JetContainer.h>

#include <cstddef>
#include <optional>
#include <string>

class JetTagAlg : public EL::AnaAlgorithm {
public:
    JetTagAlg(const std::string& name, ISvcLocator* services);

    StatusCode initialize() override;
    StatusCode execute() override;

private:
    std::string m_network;    ///< property Network: the file
    std::string m_jets;       ///< property Jets: the container
    std::string m_label;      ///< property Label: of the score
    std::string m_decoration; ///< property Decoration: what the score is called

    std::optional<keras_hep::Network> m_net;
    std::size_t m_position = 0;  ///< of the label
    keras_hep::Workspace m_space;
};
