// Memory between pages that may not be touched: what is read or written behind it, or more than a page before it, ends the program.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <map>

#include "expect.hpp"

/// `size` values that end at the end of a page. What lies on the page before them is written with a pattern that must stay.
template <class T>
class Guarded {
public:
    explicit Guarded(std::size_t size) : size_(size) {
        page_ = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        inside_ = (size * sizeof(T) + page_ - 1) / page_ * page_;
        void* memory = mmap(nullptr, inside_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        EXPECT(memory != MAP_FAILED);
        base_ = static_cast<unsigned char*>(memory);
        EXPECT(mprotect(base_ + page_, inside_, PROT_READ | PROT_WRITE) == 0);
        std::memset(base_ + page_, pattern, inside_ - size * sizeof(T));
        first_ = reinterpret_cast<T*>(base_ + page_ + inside_ - size * sizeof(T));
    }
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;
    ~Guarded() {
        for (const unsigned char* at = base_ + page_; at < reinterpret_cast<const unsigned char*>(first_); ++at) EXPECT(*at == pattern);
        munmap(base_, inside_ + 2 * page_);
    }

    std::size_t size() const { return size_; }
    T* data() { return first_; }
    T& operator[](std::size_t i) { return first_[i]; }
    const T& operator[](std::size_t i) const { return first_[i]; }

private:
    static constexpr unsigned char pattern = 0xA5;

    std::size_t size_;
    std::size_t page_ = 0;
    std::size_t inside_ = 0;
    unsigned char* base_ = nullptr;
    T* first_ = nullptr;
};

/// The same memory each time that so many values are asked for.
template <class T>
Guarded<T>& scratch(std::size_t size, int number) {
    static std::map<std::pair<std::size_t, int>, Guarded<T>> known;
    return known.try_emplace({size, number}, size).first->second;
}
