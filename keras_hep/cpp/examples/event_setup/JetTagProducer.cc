// A global module: one object for all threads. It puts the scores of the jets into the event, jet by jet and label by label.
#include <keras_hep/network.hpp>

#include <memory>
#include <utility>
#include <vector>

#include "DataFormats/JetReco/interface/PFJetCollection.h"
#include "FWCore/Framework/interface/Event.h"
#include "FWCore/Framework/interface/EventSetup.h"
#include "FWCore/Framework/interface/MakerMacros.h"
#include "FWCore/Framework/interface/global/EDProducer.h"
#include "FWCore/ParameterSet/interface/ParameterSet.h"
#include "FWCore/Utilities/interface/InputTag.h"
#include "JetTagRcd.h"

class JetTagProducer : public edm::global::EDProducer<> {
public:
    explicit JetTagProducer(const edm::ParameterSet& config)
        : jets_(consumes<reco::PFJetCollection>(config.getParameter<edm::InputTag>("jets"))),
          network_(esConsumes<keras_hep::Network, JetTagRcd>()),
          scores_(produces<std::vector<float>>()) {}

    void produce(edm::StreamID, edm::Event& event, const edm::EventSetup& setup) const override {
        const keras_hep::Network& net = setup.getData(network_);
        auto scores = std::make_unique<std::vector<float>>();
        for (const reco::PFJet& jet : event.get(jets_)) {
            // By name, so that a network of other variables is refused; the workspace is one of the thread's own.
            const auto values = net.evaluate({{"jet", {{"pt", jet.pt()}, {"eta", jet.eta()}, {"mass", jet.mass()}}}});
            for (const auto& label : net.outputs()[0].labels) scores->push_back(static_cast<float>(values.at(label)));
        }
        event.put(scores_, std::move(scores));
    }

private:
    const edm::EDGetTokenT<reco::PFJetCollection> jets_;
    const edm::ESGetToken<keras_hep::Network, JetTagRcd> network_;
    const edm::EDPutTokenT<std::vector<float>> scores_;
};

DEFINE_FWK_MODULE(JetTagProducer);
