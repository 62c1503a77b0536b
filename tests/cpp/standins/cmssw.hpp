// What the example needs of CMSSW, in place of all of its headers: one product, one event, no services.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace reco {
struct PFJet {
    double values[3];
    double pt() const { return values[0]; }
    double eta() const { return values[1]; }
    double mass() const { return values[2]; }
};
using PFJetCollection = std::vector<PFJet>;
}  // namespace reco

namespace edm {

struct FileInPath {
    std::string path;
    std::string fullPath() const { return path; }
};

struct InputTag {
    std::string label;
};

struct ParameterSet {
    std::string value;
    template <class T>
    T getParameter(const std::string&) const {
        return T{value};
    }
};

template <class T>
struct EDGetTokenT {};
template <class T>
struct EDPutTokenT {};
template <class T, class Record>
struct ESGetToken {};
struct StreamID {};

namespace eventsetup {
template <class Record>
struct EventSetupRecordImplementation {};
}  // namespace eventsetup

struct ESProducer {
    template <class Producer>
    void setWhatProduced(Producer*) {}
};

struct EventSetup {
    std::shared_ptr<const void> product;
    template <class T, class Record>
    const T& getData(const ESGetToken<T, Record>&) const {
        return *static_cast<const T*>(product.get());
    }
};

struct Event {
    reco::PFJetCollection jets;
    std::unique_ptr<std::vector<float>> scores;
    template <class T>
    const T& get(const EDGetTokenT<T>&) const {
        return jets;
    }
    template <class T>
    void put(const EDPutTokenT<T>&, std::unique_ptr<T> product) {
        scores = std::move(product);
    }
};

namespace global {
template <class...>
class EDProducer {
public:
    virtual ~EDProducer() = default;
    virtual void produce(StreamID, Event&, const EventSetup&) const = 0;

protected:
    template <class T>
    EDGetTokenT<T> consumes(const InputTag&) {
        return {};
    }
    template <class T, class Record>
    ESGetToken<T, Record> esConsumes() {
        return {};
    }
    template <class T>
    EDPutTokenT<T> produces() {
        return {};
    }
};
}  // namespace global
}  // namespace edm

#define TYPELOOKUP_DATA_REG(type) static_assert(sizeof(type) > 0, "a type")
#define DEFINE_FWK_MODULE(type) static_assert(sizeof(type) > 0, "a type")
#define DEFINE_FWK_EVENTSETUP_MODULE(type) static_assert(sizeof(type) > 0, "a type")
