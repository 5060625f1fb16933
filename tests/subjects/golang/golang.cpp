#include "tests/subjects/golang/golang.h"

#include <fmt/format.h>

#include "tests/subjects/service.h"

namespace stormproof::subjects {
namespace {

std::filesystem::path program() { return installed("golang") / "service"; }

}  // namespace

std::optional<std::string> Golang::missing() { return not_installed("golang", program()); }

std::vector<std::string> Golang::command(const Breaker& breaker) {
  return {program().string(),
          "-kind=breaker",
          fmt::format("-port={}", breaker.port),
          "-payments=" + breaker.payments,
          "-defect=" + breaker.defect,
          fmt::format("-sleep={}ms", breaker.sleep.count()),
          fmt::format("-timeout={}ms", breaker.timeout.count()),
          "-truth=" + breaker.truth.string()};
}

std::vector<std::string> Golang::command(const Limiter& limiter) {
  return {program().string(),
          "-kind=limiter",
          fmt::format("-port={}", limiter.port),
          fmt::format("-rate={}", limiter.rate),
          fmt::format("-burst={}", limiter.burst),
          fmt::format("-wait={}ms", limiter.wait.count()),
          "-defect=" + limiter.defect};
}

}  // namespace stormproof::subjects
