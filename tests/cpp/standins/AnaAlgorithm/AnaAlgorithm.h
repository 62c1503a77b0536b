// What the example needs of the ATLAS framework.
#pragma once

#include <iostream>
#include <map>
#include <string>

#include "../xAODJet/JetContainer.h"

class StatusCode {
public:
    enum Code { FAILURE, SUCCESS };
    StatusCode(Code code) : code_(code) {}
    bool isSuccess() const { return code_ == SUCCESS; }

private:
    Code code_;
};

struct EventStore {
    std::map<std::string, const xAOD::JetContainer*> containers;
    StatusCode retrieve(const xAOD::JetContainer*& jets, const std::string& name) const {
        const auto found = containers.find(name);
        if (found == containers.end()) return StatusCode::FAILURE;
        jets = found->second;
        return StatusCode::SUCCESS;
    }
};

struct ISvcLocator {
    EventStore store;
};

#define ANA_MSG_ERROR(text) (std::cerr << text << "\n")
#define ANA_MSG_INFO(text) (std::cerr << text << "\n")
#define ANA_CHECK(call)                                         \
    do {                                                        \
        if (!(call).isSuccess()) return StatusCode::FAILURE;    \
    } while (false)

namespace EL {
class AnaAlgorithm {
public:
    AnaAlgorithm(const std::string&, ISvcLocator* services) : services_(services) {}
    virtual ~AnaAlgorithm() = default;
    virtual StatusCode initialize() = 0;
    virtual StatusCode execute() = 0;
    void setProperty(const std::string& name, const std::string& value) { *properties_.at(name) = value; }

protected:
    void declareProperty(const std::string& name, std::string& value, const std::string&) { properties_[name] = &value; }
    EventStore* evtStore() const { return &services_->store; }

private:
    ISvcLocator* services_;
    std::map<std::string, std::string*> properties_;
};
}  // namespace EL
