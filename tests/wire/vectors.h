// Vectors: the conformance corpora of http-desync-guardian and llhttp, as values. Empty where the corpora are absent.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "harness/wire/strictness.h"

namespace stormproof::wire {

struct GuardianVector {
  std::string file;  // "ambiguous"
  std::string name;
  std::string head;  // as it would stand on the wire
  Tier tier = Tier::compliant;
  std::string reason;  // guardian's own word: "BothTeClPresent"
};

// A vector of llhttp with what its log tells of each message.
struct LlhttpVector {
  struct Message {
    std::string method;
    std::string target;
    int status = 0;
    std::size_t body_bytes = 0;
    bool head_whole = false;
    bool whole = false;
  };

  std::string file;  // "request__connection"
  std::string name;  // the heading above it
  int line = 0;
  std::string type;  // "request", "response-lenient-headers", …
  std::string input;
  std::vector<Message> messages;
  std::string error;  // "": none. Pauses are none, nor is data after `Connection: close`
  int finish = -1;    // 0: the end is safe here, 1: it ends the message, 2: it cuts it; -1: not asked

  bool is_request() const { return type.starts_with("request"); }
  bool is_lenient() const { return type.contains("lenient"); }
};

std::vector<GuardianVector> guardian_vectors();
std::vector<LlhttpVector> llhttp_vectors();

void PrintTo(const GuardianVector& vector, std::ostream* out);
void PrintTo(const LlhttpVector& vector, std::ostream* out);

// A name that GoogleTest takes: letters, digits and underscores.
std::string test_name(const std::string& text);

}  // namespace stormproof::wire
