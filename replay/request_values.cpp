#include "replay/request_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "replay/content_decoding.h"
#include "replay/exchange.h"
#include "replay/json_leaves.h"
#include "replay/text_values.h"
#include "replay/url_parts.h"
#include "replay/value_meaning.h"
#include "replay/value_sense.h"

namespace stormproof::replay {
namespace {

// What says nothing of a session, and what the transport makes itself.
constexpr std::array<std::string_view, 22> fields_passed_over = {"host",
                                                                 "user-agent",
                                                                 "accept",
                                                                 "accept-encoding",
                                                                 "accept-language",
                                                                 "accept-charset",
                                                                 "connection",
                                                                 "content-length",
                                                                 "content-type",
                                                                 "transfer-encoding",
                                                                 "cache-control",
                                                                 "pragma",
                                                                 "origin",
                                                                 "te",
                                                                 "traceparent",
                                                                 "tracestate",
                                                                 "date",
                                                                 "upgrade-insecure-requests",
                                                                 "expect",
                                                                 "via",
                                                                 "x-forwarded-for",
                                                                 "forwarded"};

// First what tells pieces apart in lists and credentials, then what joins names.
constexpr std::array<std::string_view, 2> separators = {" ,;\"'=<>()[]{}", " ,;\"'=<>()[]{}.:|@!/"};

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

class Walk {
 public:
  Walk(const ReadableRequest& request, const std::function<bool(std::string_view)>& wants,
       const std::function<void(RequestValue)>& found)
      : request_(request), wants_(wants), found_(found) {}

  void run() {
    target(target_of(request_.fields()), "path", "query");
    fields();
    in_body_ = true;
    if (header(request_.fields(), "Content-Encoding")) return;
    body();
  }

 private:
  // Offers the whole, then without percent escapes, then pieces.
  void offer(const std::string& place, std::string_view raw, Coding coding, const std::vector<std::string>& meanings) {
    if (raw.empty()) return;
    std::string value = decoded(coding, raw);
    if (value.empty() || value.size() > text_value_bytes_max) return;
    if (wants_(value)) {
      tell(place, raw, coding, meanings, std::move(value), true);
      return;
    }
    if (coding == Coding::plain && raw.contains('%')) {
      std::string without = decoded(Coding::percent, raw);
      if (without != raw && wants_(without)) {
        tell(place, raw, Coding::percent, meanings, std::move(without), true);
        return;
      }
    }
    pieces(place, raw, coding);
  }

  // Only tokens: a short piece of something is no evidence.
  void pieces(const std::string& place, std::string_view raw, Coding coding) {
    for (const std::string_view separator : separators) {
      bool told = false;
      for (std::size_t at = 0; at < raw.size();) {
        const auto end = std::min(raw.find_first_of(separator, at), raw.size());
        const std::string_view piece = raw.substr(at, end - at);
        at = end + 1;
        if (piece.size() == raw.size() || piece.size() < 8) continue;
        std::string value = decoded(coding, piece);
        if (!is_token(value) || !wants_(value)) continue;
        tell(place, piece, coding, {}, std::move(value), false);
        told = true;
      }
      if (told) return;
    }
  }

  void tell(const std::string& place, std::string_view raw, Coding coding, const std::vector<std::string>& meanings,
            std::string value, bool whole) const {
    found_({.place = place,
            .value = std::move(value),
            .meanings = meanings,
            .raw = raw,
            .coding = coding,
            .in_body = in_body_,
            .is_whole = whole});
  }

  void target(std::string_view url, std::string_view path, std::string_view query) {
    for (const UrlPart& part : url_parts(url)) {
      const std::string place =
          part.key.empty() ? fmt::format("{} {}", path, part.name) : fmt::format("{} {}", query, part.key);
      offer(place, part.raw, part.coding, meanings_of_used(part.key, part.noun));
    }
  }

  void fields() {
    const std::string_view head = request_.fields();
    for (auto at = head.find('\n'); at != head.npos && at + 1 < head.size();) {
      const auto end = std::min(head.find('\n', at + 1), head.size());
      const std::string_view line = head.substr(at + 1, end - at - 1);
      at = end;
      const auto colon = line.find(':');
      const auto first = line.find_first_not_of(" \t\r", std::min(colon, line.size() - 1) + 1);
      if (colon == line.npos || first == line.npos) continue;
      field(lower(line.substr(0, colon)), line.substr(first, line.find_last_not_of(" \t\r") - first + 1));
    }
  }

  void field(const std::string& name, std::string_view value) {
    if (std::ranges::find(fields_passed_over, name) != fields_passed_over.end()) return;
    if (name == "cookie") return cookies(value);
    if (name == "referer") return target(value, "referer", "referer");
    std::vector<std::string> meanings =
        meanings_of_used(name, names_an_identifier(name) ? noun_of(name.substr(name.starts_with("x-") ? 2 : 0)) : "");
    if (name == "if-match" || name == "if-none-match" || name == "if-range") meanings = {"^etag"};
    if (name == "if-modified-since" || name == "if-unmodified-since") meanings = {"^last-modified"};
    offer("header " + name, value, Coding::plain, meanings);
  }

  void cookies(std::string_view field) {
    while (!field.empty()) {
      const auto end = std::min(field.find(';'), field.size());
      std::string_view pair = field.substr(0, end);
      field.remove_prefix(std::min(end + 1, field.size()));
      pair.remove_prefix(std::min(pair.find_first_not_of(" \t"), pair.size()));
      const auto equals = pair.find('=');
      if (equals == pair.npos) continue;
      const std::string name(pair.substr(0, equals));
      offer("cookie " + name, pair.substr(equals + 1), Coding::plain, {"@" + name});
    }
  }

  void body() {
    const std::string_view content = request_.content();
    if (content.empty()) return;
    const std::string type = media_type(request_.fields());
    if (type == "application/x-www-form-urlencoded") {
      for (const UrlPart& part : form_parts(content)) {
        offer("form " + part.key, part.raw, part.coding, meanings_of_used(part.key, noun_in(part.key, part.noun)));
      }
    } else if (type.contains("json") || (type.empty() && (content[0] == '{' || content[0] == '['))) {
      json(content);
    } else if (type.starts_with("multipart/")) {
      parts(content);
    } else {
      words(content);
    }
  }

  // "id" is the id of what the path names.
  std::string noun_in(std::string_view key, std::string noun) const {
    return noun.empty() && names_an_identifier(key) ? noun_of_path(target_of(request_.fields())) : std::move(noun);
  }

  void json(std::string_view content) {
    each_json_leaf(content, [&](const JsonLeaf& leaf) {
      const std::string noun = leaf.owner.empty() || !names_an_identifier(leaf.key) || !noun_of(leaf.key).empty()
                                   ? noun_in(leaf.key, noun_of(leaf.key))
                                   : noun_of(leaf.owner);
      offer("json " + std::string(leaf.path), leaf.raw, leaf.is_string ? Coding::json : Coding::json_number,
            meanings_of_used(leaf.key, noun));
    });
  }

  void parts(std::string_view content) {
    const std::string_view type = header(request_.fields(), "Content-Type").value_or("");
    const auto mark = lower(type).find("boundary=");
    if (mark == type.npos) return;
    std::string_view boundary = type.substr(mark + 9);
    if (boundary.starts_with('"')) boundary = boundary.substr(1, boundary.find('"', 1) - 1);
    else boundary = boundary.substr(0, boundary.find_first_of("; "));
    const std::string line = "--" + std::string(boundary);
    for (auto at = content.find(line); at != content.npos;) {
      const auto begin = at + line.size();
      at = content.find(line, begin);
      if (at != content.npos) part(content.substr(begin, at - begin));
    }
  }

  void part(std::string_view text) {
    const auto head_end = text.find("\r\n\r\n");
    if (head_end == text.npos) return;
    const std::string_view head = text.substr(0, head_end + 2);
    std::string_view value = text.substr(head_end + 4);
    if (value.ends_with("\r\n")) value.remove_suffix(2);
    const auto mark = head.find("name=\"");
    if (mark == head.npos || head.contains("filename=")) return;
    const std::string name(head.substr(mark + 6, head.find('"', mark + 6) - mark - 6));
    offer("part " + name, value, Coding::plain, meanings_of_used(name, noun_in(name, noun_of(name))));
  }

  void words(std::string_view content) {
    if (content.contains('\0')) return;
    pieces("body", content, Coding::plain);
  }

  const ReadableRequest& request_;
  const std::function<bool(std::string_view)>& wants_;
  const std::function<void(RequestValue)>& found_;
  bool in_body_ = false;
};

std::string with_replacements(std::string_view text, const std::vector<Replacement>& replacements, bool in_body) {
  std::string result;
  std::size_t at = 0;
  for (const Replacement& replacement : replacements) {
    if (replacement.in_body != in_body) continue;
    const auto begin = static_cast<std::size_t>(replacement.raw.data() - text.data());
    if (begin < at) continue;
    result.append(text, at, begin - at).append(replacement.text);
    at = begin + replacement.raw.size();
  }
  return result.append(text.substr(at));
}

void say_length(std::string& fields, std::size_t length) {
  const auto field = header(fields, "Content-Length");
  if (!field) return;
  fields.replace(static_cast<std::size_t>(field->data() - fields.data()), field->size(), std::to_string(length));
}

}  // namespace

ReadableRequest::ReadableRequest(std::string_view fields, std::string_view body) : fields_(fields), content_(body) {
  if (body.empty() || body.size() > body_bytes_max) {
    content_ = {};
    return;
  }
  if (!header(fields, "Transfer-Encoding")) return;
  content_ = {};
  auto content = without_chunks(fields, body);
  if (!content) return;
  unchunked_ = std::move(*content);
  chunked_ = true;
  // Behind the last chunk, "0", its line end.
  const auto last = body.rfind("\n0");
  const auto line_end = body.find('\n', last == body.npos ? 0 : last + 1);
  trailers_ = line_end == body.npos ? std::string_view("\r\n") : body.substr(line_end + 1);
}

void each_request_value(const ReadableRequest& request, const std::function<bool(std::string_view)>& wants,
                        const std::function<void(RequestValue)>& found) {
  Walk(request, wants, found).run();
}

RewrittenRequest rewritten(const ReadableRequest& request, std::vector<Replacement> replacements) {
  std::ranges::sort(replacements, {}, [](const Replacement& replacement) { return replacement.raw.data(); });
  RewrittenRequest result;
  result.fields = with_replacements(request.fields(), replacements, false);
  result.body_changed = std::ranges::any_of(replacements, &Replacement::in_body);
  if (!result.body_changed) return result;
  result.body = with_replacements(request.content(), replacements, true);
  if (request.chunked()) {
    if (!result.body.empty()) result.body = fmt::format("{:x}\r\n{}\r\n", result.body.size(), result.body);
    result.body.append("0\r\n").append(request.trailers());
  } else {
    say_length(result.fields, result.body.size());
  }
  return result;
}

}  // namespace stormproof::replay
