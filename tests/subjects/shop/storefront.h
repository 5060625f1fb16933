// Storefront: what the shop answers. Version 1 survives an outage of payments; version 2 is the same shop, whose
// breaker never opens and who passes the outage on to its customers.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "tests/subjects/shop/breaker.h"
#include "tests/subjects/shop/web.h"

namespace stormproof::subjects {

class Storefront {
 public:
  struct Options {
    int version = 1;                                            // 1 or 2
    std::chrono::milliseconds sleep = std::chrono::seconds(2);  // of the breaker
    std::filesystem::path truth = {};                           // empty: none is written
  };

  explicit Storefront(Options options);

  // Safe to call from any thread, each with a client of its own.
  Reply answer(const Message& request, WebClient& payments);

 private:
  Reply checkout(const Message& request, std::string_view id, WebClient& payments);
  void note(std::string_view state);

  Options options_;
  std::ofstream truth_;  // written within the breaker's lock
  Breaker breaker_;
};

// What payments answers: /charge/* with 200 after `work`.
Reply answer_as_payments(const Message& request, std::chrono::milliseconds work);

}  // namespace stormproof::subjects
