#include "harness/wire/strictness.h"

#include <array>
#include <cstring>
#include <limits>
#include <optional>

#include "harness/wire/characters.h"

namespace stormproof::wire {
namespace {

constexpr std::string_view transfer_encoding = "transfer-encoding";
constexpr std::string_view content_length = "content-length";

enum class Likeness : std::uint8_t { none, letters, same };

// What is left of a name when everything but letters and digits is gone, in lower case, "ſ" and "ı" as the letters
// that they become in other cases.
struct Letters {
  std::array<char, 17> text = {};
  std::size_t size = 0;

  explicit Letters(std::string_view name) {
    for (std::size_t i = 0; i < name.size() && size < text.size(); ++i) {
      const std::string_view pair = name.substr(i, 2);
      if (is_alnum(name[i])) {
        text[size++] = to_lower(name[i]);
      } else if (pair == "\xc5\xbf" || pair == "\xc4\xb1") {
        text[size++] = pair[0] == '\xc5' ? 's' : 'i';
        ++i;
      }
    }
  }
  bool are(std::string_view letters) const { return std::string_view(text.data(), size) == letters; }
};

// A server that is generous with names may read such a one as `name`.
struct Kind {
  Likeness transfer = Likeness::none;
  Likeness length = Likeness::none;
};

Kind kind_of(std::string_view name) {
  if (name.size() < 13) return {};
  std::size_t first = 0;
  while (first < name.size() && !is_alnum(name[first])) ++first;
  if (first == name.size()) return {};
  const char initial = to_lower(name[first]);
  if (initial != 't' && initial != 'c') return {};
  const Letters letters(name);
  if (letters.are("transferencoding")) {
    return {equal_ignoring_case(name, transfer_encoding) ? Likeness::same : Likeness::letters, Likeness::none};
  }
  if (letters.are("contentlength")) {
    return {Likeness::none, equal_ignoring_case(name, content_length) ? Likeness::same : Likeness::letters};
  }
  return {};
}

bool is_known_coding(std::string_view coding) {
  for (const std::string_view known : {"chunked", "gzip", "deflate", "compress", "identity"}) {
    if (equal_ignoring_case(coding, known)) return true;
  }
  return false;
}

std::optional<std::uint64_t> parse_length(std::string_view value) {
  std::uint64_t length = 0;
  for (const char c : trim_blanks(value)) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (length > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return std::nullopt;
    length = length * 10 + digit;
  }
  return length;
}

// CR, LF and NUL within a line: the sign of a parser that was led astray.
bool is_poison(char c) { return c == '\r' || c == '\n' || c == '\0'; }

// Tells apart what is fine, odd and poisonous; the fine way is one look-up a byte.
template <bool (*fine)(char)>
Tier tier_of(std::string_view text) {
  Tier tier = Tier::compliant;
  for (const char c : text) {
    if (fine(c)) [[likely]]
      continue;
    if (is_poison(c)) return Tier::severe;
    tier = Tier::acceptable;
  }
  return tier;
}

constexpr bool is_fine_name(char c) { return is_token(c); }
constexpr bool is_fine_value(char c) { return is_field_value(c); }

class Judge {
 public:
  Judgement of(std::string_view head) {
    bool first = true;
    bool whole = false;
    while (!whole) {
      const void* const found = head.empty() ? nullptr : std::memchr(head.data(), '\n', head.size());
      if (found == nullptr) {
        upgrade(first ? Tier::severe : Tier::ambiguous, "the head has no end");
        break;
      }
      const auto length = static_cast<std::size_t>(static_cast<const char*>(found) - head.data());
      std::string_view line = head.substr(0, length);
      head.remove_prefix(length + 1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      else upgrade(Tier::severe, "a line does not end with CR LF");
      if (first) request_line(line);
      else if (line.empty()) whole = true;
      else field(line);
      first = false;
    }
    framing();
    return judgement_;
  }

 private:
  void upgrade(Tier tier, std::string_view reason) {
    if (tier > judgement_.tier) judgement_ = {tier, reason};
  }

  void request_line(std::string_view line) {
    const std::size_t after_method = line.find(' ');
    method_ = line.substr(0, after_method);
    if (method_.empty() || tier_of<is_fine_name>(method_) != Tier::compliant) {
      upgrade(Tier::severe, "the method has a forbidden character");
    }
    std::string_view rest = after_method == line.npos ? "" : line.substr(after_method + 1);
    const std::size_t last = rest.rfind(' ');
    std::string_view version = last == rest.npos ? "" : rest.substr(last + 1);
    if (last == rest.npos && rest.starts_with("HTTP/")) version = rest, rest = "";
    else if (last != rest.npos) rest = rest.substr(0, last);
    if (rest.empty()) upgrade(Tier::ambiguous, "the request has no target");
    target(rest);
    this->version(version);
  }

  void target(std::string_view target) {
    if (is_plain(target) && !target.contains(' ')) [[likely]]
      return;
    for (const char c : target) {
      if (static_cast<unsigned char>(c) > 0x20 && c != 0x7f) [[likely]]
        continue;
      if (is_poison(c)) upgrade(Tier::severe, "the request target has a forbidden character");
      else if (c == ' ') upgrade(Tier::acceptable, "the request target has a space");
      else upgrade(Tier::ambiguous, "the request target has a control character");
    }
  }

  void version(std::string_view version) {
    const bool is_1 = version.size() == 8 && version.starts_with("HTTP/1.") && version[7] >= '0' && version[7] <= '9';
    if (version.empty() || version == "HTTP/0.9") {
      version_ = 9;
      upgrade(Tier::acceptable, "the version is HTTP/0.9");
    } else if (!is_1) {
      upgrade(Tier::severe, "the version is not HTTP/1.x");
    } else {
      version_ = 10 + (version[7] - '0');
      if (version_ > 11) upgrade(Tier::acceptable, "the version is unknown");
    }
  }

  void field(std::string_view line) {
    std::size_t name_bytes = 0;
    while (name_bytes < line.size() && is_token(line[name_bytes])) ++name_bytes;
    const std::string_view name = line.substr(0, name_bytes);
    if (name.empty() || name_bytes == line.size() || line[name_bytes] != ':') return odd_field(line);
    field(name, line.substr(name_bytes + 1));
  }

  // Its name is no token, or there is no colon.
  void odd_field(std::string_view line) {
    if (is_blank(line.front())) upgrade(Tier::ambiguous, "a header is folded, or its name begins with white space");
    const std::size_t colon = line.find(':');
    if (colon == line.npos) {
      return upgrade(is_poisoned(line) ? Tier::severe : Tier::ambiguous, "a header has no colon");
    }
    const std::string_view name = line.substr(0, colon);
    upgrade(tier_of<is_fine_name>(name), "a header name has a forbidden character");
    field(name, line.substr(colon + 1));
  }

  void field(std::string_view name, std::string_view value) {
    if (!is_plain(value)) upgrade(tier_of<is_fine_value>(value), "a header value has a forbidden character");
    if (trim_blanks(name).empty()) return upgrade(Tier::ambiguous, "a header has no name");
    const Kind kind = kind_of(name);
    if (kind.transfer == Likeness::none && kind.length == Likeness::none) [[likely]]
      return;
    if (kind.transfer == Likeness::letters) upgrade(Tier::ambiguous, "a header name is too close to Transfer-Encoding");
    if (kind.length == Likeness::letters) upgrade(Tier::ambiguous, "a header name is too close to Content-Length");
    if (kind.transfer != Likeness::none) codings(value);
    else length(value);
  }

  static bool is_poisoned(std::string_view text) { return tier_of<is_fine_value>(text) == Tier::severe; }

  void codings(std::string_view value) {
    has_codings_ = true;
    while (true) {
      const std::size_t comma = value.find(',');
      std::string_view coding = value.substr(0, comma);
      coding = trim_blanks(coding.substr(0, coding.find(';')));
      if (!is_known_coding(coding)) bad_coding_ = true;
      if (equal_ignoring_case(coding, "chunked")) ++chunked_;
      if (comma == value.npos) return;
      value.remove_prefix(comma + 1);
    }
  }

  void length(std::string_view value) {
    const auto length = parse_length(value);
    if (!length) bad_length_ = true;
    else if (length_ && *length_ != *length) different_lengths_ = true;
    else if (length_) repeated_length_ = true;
    else length_ = length;
    has_length_ = true;
  }

  void framing() {
    if (!has_codings_ && !has_length_) [[likely]]
      return;
    if (method_ == "CONNECT" && (has_codings_ || length_.value_or(0) > 0)) {
      upgrade(Tier::severe, "CONNECT with a body: the bytes may belong to it or to the tunnel");
    }
    if (version_ <= 10 && has_codings_)
      return upgrade(Tier::ambiguous, "Transfer-Encoding means nothing before HTTP/1.1");
    if (version_ < 10) return upgrade(Tier::ambiguous, "Content-Length means nothing before HTTP/1.0");
    if (bad_coding_) upgrade(Tier::severe, "Transfer-Encoding is malformed or unknown");
    if (chunked_ > 1) upgrade(Tier::severe, "Transfer-Encoding says 'chunked' more than once");
    if (bad_length_) upgrade(Tier::severe, "Content-Length is malformed");
    if (different_lengths_) upgrade(Tier::severe, "there are several values of Content-Length");
    if (repeated_length_) upgrade(Tier::ambiguous, "Content-Length is repeated");
    if (method_ == "GET" || method_ == "HEAD") {
      if (has_codings_) upgrade(Tier::ambiguous, "a body of GET or HEAD has no meaning");
      if (length_.value_or(0) > 0) upgrade(Tier::ambiguous, "a body of GET or HEAD has no meaning");
      if (length_ == 0) upgrade(Tier::acceptable, "GET or HEAD with an empty body");
    }
    if (has_codings_ && has_length_) upgrade(Tier::ambiguous, "Transfer-Encoding and Content-Length are both there");
  }

  Judgement judgement_;
  std::string_view method_;
  int version_ = 11;  // 9, 10, 11…
  bool has_codings_ = false;
  bool bad_coding_ = false;
  int chunked_ = 0;
  bool has_length_ = false;
  bool bad_length_ = false;
  bool different_lengths_ = false;
  bool repeated_length_ = false;
  std::optional<std::uint64_t> length_;
};

}  // namespace

std::string_view to_string(Tier tier) {
  switch (tier) {
    case Tier::compliant: return "compliant";
    case Tier::acceptable: return "acceptable";
    case Tier::ambiguous: return "ambiguous";
    case Tier::severe: return "severe";
  }
  return "";
}

Judgement judge_request(std::string_view head) { return Judge().of(head); }

}  // namespace stormproof::wire
