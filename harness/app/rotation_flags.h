// Rotation flags: --rotate-size, --rotate-every, --keep: when a recording begins a new file, and how many it keeps.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "replay/capture_series.h"

namespace stormproof::app {

inline constexpr std::uint64_t rotate_bytes_min = 1'000'000;  // an empty file has a tenth of it
inline constexpr base::Nanoseconds rotate_every_min = std::chrono::seconds(1);

// As written.
struct RotationFlags {
  std::string size;
  std::string every;
  std::string keep;

  void add_to(CLI::App& command);
  base::Result<replay::Rotation> rotation() const;
};

}  // namespace stormproof::app
