// Runs the algorithm of the example: algorithm_driver NETWORK.json JETS, where JETS has pt, eta, mass (GeV) of a jet in each line.
#include <fstream>
#include <memory>

#include "JetTagAlg.h"
#include "expect.hpp"

int main(int, char** argv) {
    std::vector<std::unique_ptr<xAOD::Jet>> owned;
    xAOD::JetContainer jets;
    std::ifstream file(argv[2]);
    double pt = 0, eta = 0, mass = 0;
    while (file >> pt >> eta >> mass) {
        owned.push_back(std::make_unique<xAOD::Jet>());
        const double values[] = {pt * 1000, eta, mass * 1000};
        std::copy(std::begin(values), std::end(values), owned.back()->values);
        jets.push_back(owned.back().get());
    }
    ISvcLocator services;
    JetTagAlg algorithm("JetTagAlg", &services);
    EXPECT(!algorithm.initialize().isSuccess());  // there is no net.json
    algorithm.setProperty("Network", argv[1]);
    algorithm.setProperty("Label", "nobody");
    EXPECT(!algorithm.initialize().isSuccess());
    algorithm.setProperty("Label", "b");
    EXPECT(algorithm.initialize().isSuccess());
    EXPECT(!algorithm.execute().isSuccess());  // there are no jets
    services.store.containers["Jets"] = &jets;
    algorithm.setProperty("Jets", "Jets");
    EXPECT(algorithm.execute().isSuccess());
    std::cout.precision(9);
    for (const xAOD::Jet* jet : jets) std::cout << jet->decorations.at("score_b") << "\n";
}
