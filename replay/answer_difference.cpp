#include "replay/answer_difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/base/utf8.h"
#include "replay/json_difference.h"

namespace stormproof::replay {
namespace {

// Of the sending, not of what is sent. The length follows from the body, but for HEAD.
constexpr std::array<std::string_view, 6> unlike_by_nature = {
    "date", "age", "connection", "keep-alive", "transfer-encoding", "content-length"};

struct Field {
  std::string name;  // lower case; "set-cookie:session" for a cookie
  std::string_view value;
  std::size_t place = 0;  // in the head
};

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

Field field_of(std::string_view line) {
  const auto colon = std::min(line.find(':'), line.size());
  Field field{std::string(line.substr(0, colon)), trimmed(line.substr(std::min(colon + 1, line.size()))), 0};
  std::ranges::transform(field.name, field.name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (field.name == "set-cookie") {
    const auto equals = std::min(field.value.find('='), field.value.size());
    field.name.append(":").append(field.value.substr(0, equals));
    field.value = field.value.substr(std::min(equals + 1, field.value.size()));
  }
  return field;
}

// Sorted by name; fields of the same name in their order.
std::vector<Field> fields_of(std::string_view head) {
  std::vector<Field> fields;
  for (std::size_t at = head.find('\n'); at != head.npos && at + 1 < head.size();) {
    const auto end = std::min(head.find('\n', at + 1), head.size());
    const std::string_view line = trimmed(head.substr(at + 1, end - at - 1));
    if (!line.empty()) fields.push_back(field_of(line));
    if (!line.empty()) fields.back().place = at;
    at = end;
  }
  std::ranges::sort(
      fields, [](const Field& a, const Field& b) { return a.name != b.name ? a.name < b.name : a.place < b.place; });
  return fields;
}

std::string shown(std::string_view text) {
  std::string valid = base::as_utf8(text.substr(0, Difference::text_bytes_max));
  if (text.size() > Difference::text_bytes_max) valid += "…";
  return valid;
}

bool compared(const Field& field, std::string_view method, std::string_view route, const DifferenceRules& rules) {
  if (std::ranges::find(unlike_by_nature, field.name) != unlike_by_nature.end() &&
      !(field.name == "content-length" && method == "HEAD")) {
    return false;
  }
  return !rules.ignores_header(route, field.name);
}

void note_header(Change change, const std::string& name, std::string_view baseline, std::string_view candidate,
                 std::vector<Difference>& differences) {
  if (differences.size() >= differences_max) return;
  differences.push_back({change, "header:" + name, "header:" + name, shown(baseline), shown(candidate)});
}

void headers(std::string_view head_a, std::string_view head_b, std::string_view method, std::string_view route,
             const DifferenceRules& rules, std::vector<Difference>& differences) {
  if (head_a == head_b) return;
  const auto a = fields_of(head_a);
  const auto b = fields_of(head_b);
  auto i = a.begin();
  auto j = b.begin();
  while (i != a.end() || j != b.end()) {
    if (j == b.end() || (i != a.end() && i->name < j->name)) {
      if (compared(*i, method, route, rules)) note_header(Change::missing, i->name, i->value, "", differences);
      ++i;
    } else if (i == a.end() || j->name < i->name) {
      if (compared(*j, method, route, rules)) note_header(Change::added, j->name, "", j->value, differences);
      ++j;
    } else {
      if (i->value != j->value && compared(*i, method, route, rules)) {
        note_header(Change::value, i->name, i->value, j->value, differences);
      }
      ++i;
      ++j;
    }
  }
}

std::string status_text(const Answer& answer) {
  if (answer.answered()) return std::to_string(answer.status);
  return fmt::format("no answer ({})", events::to_string(answer.outcome));
}

std::string bytes_text(std::string_view content, const Answer& answer) {
  return fmt::format("{} bytes{}", answer.cut() ? answer.body_bytes : content.size(), answer.cut() ? ", cut" : "");
}

void bytes_differ(ReadAnswer& baseline, ReadAnswer& candidate, std::vector<Difference>& differences) {
  const std::string_view a = baseline.content();
  const std::string_view b = candidate.content();
  const auto at = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
  differences.push_back({Change::value, "body", fmt::format("body, from byte {}", at), bytes_text(a, baseline.answer()),
                         bytes_text(b, candidate.answer())});
}

void bodies(ReadAnswer& baseline, ReadAnswer& candidate, std::string_view route, const DifferenceRules& rules,
            std::vector<Difference>& differences) {
  const Answer& a = baseline.answer();
  const Answer& b = candidate.answer();
  if (differences.size() >= differences_max || rules.ignores_body(route)) return;
  if (a.cut() || b.cut()) {
    const bool same = a.body_bytes == b.body_bytes && a.body_digest == b.body_digest;
    if (!same) bytes_differ(baseline, candidate, differences);
    return;
  }
  const std::string_view content_a = baseline.content();
  const std::string_view content_b = candidate.content();
  const bool both_read = baseline.undecodable() == candidate.undecodable();
  if (content_a == content_b && both_read) return;
  const ContentKind kind_a = baseline.value().kind;
  const ContentKind kind_b = candidate.value().kind;
  if (kind_a != kind_b || !both_read) {
    const Change change = kind_b == ContentKind::none   ? Change::missing
                          : kind_a == ContentKind::none ? Change::added
                                                        : Change::type;
    differences.push_back({change, "body", "body", fmt::format("{}, {}", to_string(kind_a), bytes_text(content_a, a)),
                           fmt::format("{}, {}", to_string(kind_b), bytes_text(content_b, b))});
    return;
  }
  if (kind_a == ContentKind::binary) {
    bytes_differ(baseline, candidate, differences);
    return;
  }
  json_differences(baseline.value().value, candidate.value().value, route, rules, differences);
}

}  // namespace

ReadAnswer::ReadAnswer(const Answer& answer) : answer_(answer) {}

void ReadAnswer::decode() {
  if (decoded_) return;
  decoded_ = decoded_content(answer_.head, without_chunks(answer_.head, answer_.body, chunks_), buffer_);
}

std::string_view ReadAnswer::content() {
  decode();
  return decoded_->bytes;
}

bool ReadAnswer::undecodable() {
  decode();
  return decoded_->failed;
}

const BodyValue& ReadAnswer::value() {
  decode();
  if (!value_) {
    const ContentKind kind = decoded_->bytes.empty() ? ContentKind::none
                             : decoded_->failed      ? ContentKind::binary
                                                     : kind_of(answer_.head, decoded_->bytes);
    value_.emplace(body_value(kind, decoded_->bytes, &memory_));
  }
  return *value_;
}

std::vector<Difference> answer_differences(ReadAnswer& baseline, ReadAnswer& candidate, std::string_view method,
                                           std::string_view route, const DifferenceRules& rules) {
  std::vector<Difference> differences;
  const Answer& a = baseline.answer();
  const Answer& b = candidate.answer();
  if (a.answered() != b.answered() || (a.answered() ? a.status != b.status : a.outcome != b.outcome)) {
    if (!rules.ignores_status(route))
      differences.push_back({Change::value, "status", "status", status_text(a), status_text(b)});
    return differences;
  }
  if (!a.answered()) return differences;
  headers(a.head, b.head, method, route, rules, differences);
  bodies(baseline, candidate, route, rules, differences);
  return differences;
}

}  // namespace stormproof::replay
