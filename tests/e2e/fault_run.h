// FaultRun: the shop and its payments, and scenarios that hurt them in one phase.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "tests/e2e/program.h"
#include "tests/subjects/shop/shop.h"
#include "tests/support/ports.h"
#include "tests/support/temp_dir.h"

namespace stormproof::e2e {

class FaultRun : public ::testing::Test {
 protected:
  void SetUp() override {
    auto payments = subjects::Shop::start({.is_payments = true});
    ASSERT_TRUE(payments.has_value()) << payments.error().to_string();
    payments_.emplace(std::move(*payments));
    service_port_ = support::free_port();
    proxy_port_ = support::free_port();
    const auto recorded = subjects::Shop::start({.payments = payments_->url()});
    ASSERT_TRUE(recorded.has_value());
    record_checkouts(recorded->port(), folder_.path() / "c.traffic", 40);
  }

  std::string write(const std::string& phase, const std::string& traffic = "rate: 100/s") {
    std::string command;
    for (const std::string& word : subjects::Shop::command(
             {.port = service_port_, .version = 1, .payments = fmt::format("http://127.0.0.1:{}", proxy_port_)}))
      command += fmt::format("{}\"{}\"", command.empty() ? "" : ", ", word);
    const std::string file = (folder_.path() / "scenario.yaml").string();
    std::ofstream(file) << fmt::format(R"(version: 1
name: faults of every kind
topology:
  service:
    name: shop
    candidate: {{ url: "http://127.0.0.1:{}", command: [{}], health: {{ path: /healthz, within: 10s }} }}
  dependencies:
    payments: {{ proxy: "127.0.0.1:{}", upstream: "http://127.0.0.1:{}" }}
traffic: {{ capture: c.traffic, {} }}
steady-state: {{ for: 500ms, expect: [ {{ errors: {{ at-most: 50% }} }} ] }}
phases:
  - name: hurt
{}
    expect: [ {{ errors: {{ at-most: 100% }} }} ]
)",
                                       service_port_, command, proxy_port_, payments_->port(), traffic, phase);
    return file;
  }
  std::string out() const { return (folder_.path() / "out").string(); }
  std::filesystem::path mark() const { return folder_.path() / "hurt-mark"; }

  support::TempDir folder_;
  std::optional<subjects::Shop> payments_;
  std::uint16_t service_port_ = 0;
  std::uint16_t proxy_port_ = 0;
};

}  // namespace stormproof::e2e
