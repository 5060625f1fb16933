#include "replay/content.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <vector>

#include "harness/base/utf8.h"
#include "replay/body_framing.h"
#include "replay/content_decoding.h"
#include "replay/exchange.h"

namespace stormproof::replay {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lowered;
}

// The encodings in the order in which they were applied.
std::vector<std::string_view> encodings_of(std::string_view head) {
  std::vector<std::string_view> encodings;
  for (std::string_view line : headers(head, "content-encoding")) {
    while (!line.empty()) {
      const auto comma = std::min(line.find(','), line.size());
      const std::string_view one = trimmed(line.substr(0, comma));
      if (!one.empty() && !equal_ignoring_case(one, "identity")) encodings.push_back(one);
      line.remove_prefix(std::min(comma + 1, line.size()));
    }
  }
  return encodings;
}

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && equal_ignoring_case(text.substr(text.size() - end.size()), end);
}

ContentKind by_media_type(std::string_view type) {
  type = trimmed(type.substr(0, type.find(';')));
  struct Known {
    std::string_view type;
    ContentKind kind;
  };
  static constexpr std::array<Known, 11> known = {{{"application/json", ContentKind::json},
                                                   {"text/json", ContentKind::json},
                                                   {"application/x-ndjson", ContentKind::json_lines},
                                                   {"application/ndjson", ContentKind::json_lines},
                                                   {"application/jsonl", ContentKind::json_lines},
                                                   {"application/xml", ContentKind::xml},
                                                   {"text/xml", ContentKind::xml},
                                                   {"text/html", ContentKind::html},
                                                   {"application/xhtml+xml", ContentKind::html},
                                                   {"application/x-www-form-urlencoded", ContentKind::form},
                                                   {"application/javascript", ContentKind::text}}};
  for (const Known& one : known) {
    if (equal_ignoring_case(type, one.type)) return one.kind;
  }
  if (ends_with_ignoring_case(type, "+json")) return ContentKind::json;
  if (ends_with_ignoring_case(type, "+xml")) return ContentKind::xml;
  return ContentKind::none;
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = base::utf8_character_bytes(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace

std::string_view to_string(ContentKind kind) {
  switch (kind) {
    case ContentKind::none: return "empty";
    case ContentKind::json: return "JSON";
    case ContentKind::json_lines: return "JSON lines";
    case ContentKind::xml: return "XML";
    case ContentKind::html: return "HTML";
    case ContentKind::form: return "a form";
    case ContentKind::text: return "text";
    case ContentKind::binary: return "binary";
  }
  return "";
}

std::string_view without_chunks(std::string_view head, std::string_view body, std::string& buffer) {
  if (response_framing(head, "").kind != BodyFraming::Kind::chunked) return body;
  ChunkedWalk walk;
  if (walk.walk(body) != ChunkedWalk::State::complete) return body;
  buffer.clear();
  buffer.reserve(body.size());
  for (std::size_t at = 0; at < walk.trailers_begin();) {
    const auto line_end = body.find('\n', at);
    std::size_t size = 0;
    for (const char c : body.substr(at, line_end - at)) {
      const char low = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9') size = size * 16 + static_cast<std::size_t>(c - '0');
      else if (low >= 'a' && low <= 'f') size = size * 16 + static_cast<std::size_t>(low - 'a' + 10);
      else break;
    }
    if (size == 0) break;
    buffer += body.substr(line_end + 1, size);
    at = body.find('\n', line_end + 1 + size) + 1;
  }
  return buffer;
}

Decoded decoded_content(std::string_view head, std::string_view body, std::string& buffer) {
  Decoded content{body};
  if (body.empty()) return content;
  const auto encodings = encodings_of(head);
  for (const std::string_view encoding : std::views::reverse(encodings)) {
    auto plain = without_coding(lower(encoding), content.bytes, content_bytes_max);
    if (!plain) return {content.bytes, true};
    buffer = std::move(*plain);
    content.bytes = buffer;
  }
  return content;
}

bool is_text(std::string_view bytes) {
  return is_utf8(bytes) && std::ranges::none_of(bytes, [](char c) {
           const auto code = static_cast<unsigned char>(c);
           return code < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f';
         });
}

ContentKind kind_of(std::string_view head, std::string_view bytes) {
  if (bytes.empty()) return ContentKind::none;
  const std::string_view type = header(head, "content-type").value_or("");
  if (const ContentKind kind = by_media_type(type); kind != ContentKind::none) return kind;
  const std::string_view begin = trimmed(bytes.substr(0, 512));
  if (begin.starts_with('{') || begin.starts_with('[')) return ContentKind::json;
  if (begin.starts_with("<?xml")) return ContentKind::xml;
  if (begin.starts_with("<!DOCTYPE html") || begin.starts_with("<!doctype html") || begin.starts_with("<html"))
    return ContentKind::html;
  return is_text(bytes) ? ContentKind::text : ContentKind::binary;
}

}  // namespace stormproof::replay
