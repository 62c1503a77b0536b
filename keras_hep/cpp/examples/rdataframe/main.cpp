// Adds a score of each jet to a tree: scores NETWORK.json INPUT.root OUTPUT.root
//
// g++ -O2 main.cpp -o scores $(root-config --cflags --libs) -lROOTDataFrame -I$(keras-hep cpp --include-dir)
#include <ROOT/RDataFrame.hxx>

#include "jet_scores.hpp"

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    ROOT::EnableImplicitMT();
    ROOT::RDataFrame events("Events", argv[2]);
    const JetScores<3> score(argv[1], "b", {"Jet_mass", "Jet_pt", "Jet_eta"}, events.GetNSlots(), "Jet_");
    using Column = ROOT::RVecF;
    events
        .DefineSlot("Jet_score_b",
                    [score](unsigned int slot, const Column& mass, const Column& pt, const Column& eta) { return score(slot, mass, pt, eta); },
                    {"Jet_mass", "Jet_pt", "Jet_eta"})
        .Snapshot("Events", argv[3], {"Jet_pt", "Jet_score_b"});
}
