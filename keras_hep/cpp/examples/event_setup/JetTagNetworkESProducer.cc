// Loads the network once for the whole job: an EventSetup product that all threads share.
#include <keras_hep/network.hpp>

#include <memory>
#include <string>

#include "FWCore/Framework/interface/ESProducer.h"
#include "FWCore/Framework/interface/ModuleFactory.h"
#include "FWCore/ParameterSet/interface/FileInPath.h"
#include "FWCore/ParameterSet/interface/ParameterSet.h"
#include "FWCore/Utilities/interface/typelookup.h"
#include "JetTagRcd.h"

TYPELOOKUP_DATA_REG(keras_hep::Network);

class JetTagNetworkESProducer : public edm::ESProducer {
public:
    explicit JetTagNetworkESProducer(const edm::ParameterSet& config)
        : path_(config.getParameter<edm::FileInPath>("network").fullPath()) {
        setWhatProduced(this);
    }

    std::unique_ptr<keras_hep::Network> produce(const JetTagRcd&) {
        auto net = std::make_unique<keras_hep::Network>(keras_hep::Network::load(path_));
        net->self_check();
        return net;
    }

private:
    std::string path_;
};

DEFINE_FWK_EVENTSETUP_MODULE(JetTagNetworkESProducer);
