#include "harness/wire/buffer.h"

#include <array>
#include <vector>

namespace stormproof::wire {
namespace {

// The relay uses two sizes; a few more do no harm.
constexpr std::size_t sizes_max = 4;

struct Stock {
  std::size_t size = 0;
  std::vector<std::unique_ptr<char[]>> kept;
};

thread_local std::array<Stock, sizes_max> thread_stocks;

Stock* stock_of(std::size_t size) {
  for (Stock& stock : thread_stocks) {
    if (stock.size == 0) stock.size = size;
    if (stock.size == size) return &stock;
  }
  return nullptr;
}

}  // namespace

Buffer::Buffer(std::size_t bytes) : size_(bytes) {
  Stock* const stock = stock_of(bytes);
  if (stock != nullptr && !stock->kept.empty()) {
    bytes_ = std::move(stock->kept.back());
    stock->kept.pop_back();
  } else {
    bytes_ = std::make_unique_for_overwrite<char[]>(bytes);
  }
}

Buffer::~Buffer() {
  if (bytes_ == nullptr) return;
  Stock* const stock = stock_of(size_);
  if (stock == nullptr || stock->kept.size() >= kept_max) return;
  if (stock->kept.capacity() == 0) stock->kept.reserve(kept_max);
  stock->kept.push_back(std::move(bytes_));
}

}  // namespace stormproof::wire
