// Answer difference: all places in which two answers to the same request differ.
//
// Status first: where that differs, or one has no answer at all, nothing else is compared, for all else then follows from
// it. Then headers by name (`Set-Cookie` by the cookie's name), without those that say when or how an answer was sent
// (`unlike_by_nature`), and bodies by their content: encodings undone, then by structure (json_difference.h), or byte by
// byte. A body of another kind is one difference. Pure.
#pragma once

#include <boost/json/monotonic_resource.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "replay/answer.h"
#include "replay/body_value.h"
#include "replay/difference.h"
#include "replay/difference_rules.h"

namespace stormproof::replay {

// An answer that is compared, perhaps more than once: decoded and parsed when that is first needed, and only once. Keeps a
// reference to the answer.
class ReadAnswer {
 public:
  explicit ReadAnswer(const Answer& answer);
  ReadAnswer(const ReadAnswer&) = delete;
  ReadAnswer& operator=(const ReadAnswer&) = delete;

  const Answer& answer() const { return answer_; }
  std::string_view content();  // decoded
  bool undecodable();
  const BodyValue& value();

 private:
  void decode();
  const Answer& answer_;
  std::string chunks_;
  std::string buffer_;
  std::optional<Decoded> decoded_;
  boost::json::monotonic_resource memory_;
  std::optional<BodyValue> value_;
};

// `method` and `route` are the request's. At most differences_max.
std::vector<Difference> answer_differences(ReadAnswer& baseline, ReadAnswer& candidate, std::string_view method,
                                           std::string_view route, const DifferenceRules& rules);

}  // namespace stormproof::replay
