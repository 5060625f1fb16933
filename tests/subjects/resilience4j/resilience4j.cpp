#include "tests/subjects/resilience4j/resilience4j.h"

#include <fmt/format.h>

#include "tests/subjects/service.h"

namespace stormproof::subjects {

std::optional<std::string> Resilience4j::missing() {
  return not_installed("resilience4j", installed("resilience4j") / "Service.class");
}

std::vector<std::string> Resilience4j::command(const Options& options) {
  const std::filesystem::path home = installed("resilience4j");
  // Small and quick to start: it is no benchmark.
  std::vector<std::string> command = {"java",
                                      "-XX:+UseSerialGC",
                                      "-XX:TieredStopAtLevel=1",
                                      "-Xmx128m",
                                      "-cp",
                                      home.string() + ":" + (home / "jars").string() + "/*",
                                      "Service"};
  const auto add = [&command](std::string_view name, const std::string& value) {
    command.push_back(fmt::format("--{}={}", name, value));
  };
  add("port", std::to_string(options.port));
  add("kind", options.kind);
  if (!options.payments.empty()) add("payments", options.payments);
  add("defect", options.defect);
  add("sleep", std::to_string(sleep.count()));
  add("truth", options.truth.string());
  return command;
}

}  // namespace stormproof::subjects
