// Memory that begins at a multiple of 64 bytes, as wide loads like it.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

namespace keras_hep::simd {

inline constexpr std::size_t alignment = 64;

/// Values that a kernel may write beyond the last one of a node; every node has so many to spare.
inline constexpr std::size_t slack = 16;

template <class T>
struct AlignedAllocator {
    using value_type = T;
    AlignedAllocator() = default;
    template <class U>
    AlignedAllocator(const AlignedAllocator<U>&) {}  // NOLINT: a conversion, as the standard wants it
    T* allocate(std::size_t n) {
        if (n > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_alloc();
        return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(alignment)));
    }
    void deallocate(T* p, std::size_t) noexcept { ::operator delete(p, std::align_val_t(alignment)); }
    friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) { return true; }
    friend bool operator!=(const AlignedAllocator&, const AlignedAllocator&) { return false; }
};

template <class T>
using Aligned = std::vector<T, AlignedAllocator<T>>;

/// Give the memory of a container back; assigning an empty one would keep it.
template <class Values>
void release(Values& values) {
    Values().swap(values);
}

/// Keeps values, so that those that are the same stand in memory once.
template <class T>
class Pool {
public:
    std::shared_ptr<Aligned<T>> once(const std::shared_ptr<Aligned<T>>& values) {
        if (values->empty()) return values;
        for (const auto& known : known_) {
            if (known->size() == values->size() && std::memcmp(known->data(), values->data(), values->size() * sizeof(T)) == 0) return known;
        }
        known_.push_back(values);
        return values;
    }

private:
    std::vector<std::shared_ptr<Aligned<T>>> known_;
};

/// Values that several products share once they do not change any more.
template <class T>
class Packed {
public:
    void assign(std::size_t size) {
        values_ = std::make_shared<Aligned<T>>(size, T(0));
        first_ = values_->data();
    }
    void share(Pool<T>& pool) {
        values_ = pool.once(values_);
        first_ = values_->data();
    }
    const T* data() const { return first_; }
    T* data() { return first_; }

private:
    std::shared_ptr<Aligned<T>> values_;
    T* first_ = nullptr;
};

/// A number of values rounded up to whole lines, with room for the slack.
inline std::size_t padded(std::size_t values) { return (values + slack + 15) / 16 * 16; }

}  // namespace keras_hep::simd
