// Where the network stands in the EventSetup.
#pragma once

#include "FWCore/Framework/interface/EventSetupRecordImplementation.h"

class JetTagRcd : public edm::eventsetup::EventSetupRecordImplementation<JetTagRcd> {};
