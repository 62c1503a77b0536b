// Runs producer and module of the example: event_setup_driver NETWORK.json JETS, where JETS has pt, eta, mass of a jet in each line.
#include <fstream>
#include <iostream>

#include "JetTagNetworkESProducer.cc"
#include "JetTagProducer.cc"

int main(int, char** argv) {
    JetTagNetworkESProducer source(edm::ParameterSet{argv[1]});
    edm::EventSetup setup{source.produce(JetTagRcd{})};
    const JetTagProducer module(edm::ParameterSet{"jets"});
    edm::Event event;
    std::ifstream file(argv[2]);
    double pt = 0, eta = 0, mass = 0;
    while (file >> pt >> eta >> mass) event.jets.push_back({{pt, eta, mass}});
    module.produce({}, event, setup);
    std::cout.precision(9);
    for (std::size_t i = 1; i < event.scores->size(); i += 3) std::cout << (*event.scores)[i] << "\n";  // of the classes a, b, c
}
