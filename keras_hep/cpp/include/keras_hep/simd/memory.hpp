// Memory that begins at a multiple of 64 bytes, as wide loads like it.
#pragma once

#include <cstddef>
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

/// A number of values rounded up to whole lines, with room for the slack.
inline std::size_t padded(std::size_t values) { return (values + slack + 15) / 16 * 16; }

}  // namespace keras_hep::simd
