#include "replay/content.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <ranges>
#include <vector>

#include "harness/base/utf8.h"
#include "replay/body_framing.h"
#include "replay/exchange.h"

namespace stormproof::replay {
namespace {

constexpr std::size_t decode_step = 64 * 1024;

// Appends what `more` gives, until it gives nothing; false above the bound.
template <typename Step>
bool gather(std::string& out, Step step) {
  std::vector<char> room(decode_step);
  while (true) {
    const std::ptrdiff_t made = step(room.data(), room.size());
    if (made < 0 || out.size() + static_cast<std::size_t>(std::max<std::ptrdiff_t>(made, 0)) > content_bytes_max)
      return false;
    if (made == 0) return true;
    out.append(room.data(), static_cast<std::size_t>(made));
  }
}

// gzip and zlib by their headers; `raw`: deflate without one, as some servers send it.
bool inflate_all(std::string_view in, std::string& out, bool raw) {
  z_stream stream{};
  constexpr int any_header = 32;
  if (inflateInit2(&stream, raw ? -MAX_WBITS : MAX_WBITS + any_header) != Z_OK) return false;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
  int code = Z_OK;
  const bool whole = gather(out, [&](char* room, std::size_t size) -> std::ptrdiff_t {
    while (code == Z_OK) {
      stream.next_out = reinterpret_cast<Bytef*>(room);
      stream.avail_out = static_cast<uInt>(size);
      code = inflate(&stream, Z_NO_FLUSH);
      // Members of gzip may follow each other.
      if (code == Z_STREAM_END && stream.avail_in > 0 && !raw && inflateReset(&stream) == Z_OK) code = Z_OK;
      const auto made = static_cast<std::ptrdiff_t>(size - stream.avail_out);
      if (made > 0) return made;
      if (code == Z_BUF_ERROR) return -1;
    }
    return code == Z_STREAM_END ? 0 : -1;
  });
  inflateEnd(&stream);
  return whole && code == Z_STREAM_END;
}

bool unbrotli(std::string_view in, std::string& out) {
  const std::unique_ptr<BrotliDecoderState, decltype(&BrotliDecoderDestroyInstance)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
  if (!state) return false;
  std::size_t left = in.size();
  const auto* next = reinterpret_cast<const std::uint8_t*>(in.data());
  BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
  const bool whole = gather(out, [&](char* room, std::size_t size) -> std::ptrdiff_t {
    if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) return result == BROTLI_DECODER_RESULT_SUCCESS ? 0 : -1;
    std::size_t free = size;
    auto* at = reinterpret_cast<std::uint8_t*>(room);
    result = BrotliDecoderDecompressStream(state.get(), &left, &next, &free, &at, nullptr);
    if (size == free) return result == BROTLI_DECODER_RESULT_SUCCESS ? 0 : -1;
    return static_cast<std::ptrdiff_t>(size - free);
  });
  return whole && result == BROTLI_DECODER_RESULT_SUCCESS;
}

bool unzstd(std::string_view in, std::string& out) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(), ZSTD_freeDStream);
  if (!stream) return false;
  ZSTD_inBuffer source{in.data(), in.size(), 0};
  std::size_t left = 1;
  const bool whole = gather(out, [&](char* room, std::size_t size) -> std::ptrdiff_t {
    while (true) {
      if (left == 0 && source.pos == source.size) return 0;
      ZSTD_outBuffer target{room, size, 0};
      const std::size_t before = source.pos;
      left = ZSTD_decompressStream(stream.get(), &target, &source);
      if (ZSTD_isError(left) != 0) return -1;
      if (target.pos > 0) return static_cast<std::ptrdiff_t>(target.pos);
      if (source.pos == before) return left == 0 ? 0 : -1;
    }
  });
  return whole && left == 0;
}

bool decode(std::string_view encoding, std::string_view in, std::string& out) {
  if (equal_ignoring_case(encoding, "gzip") || equal_ignoring_case(encoding, "x-gzip"))
    return inflate_all(in, out, false);
  if (equal_ignoring_case(encoding, "deflate")) {
    if (inflate_all(in, out, false)) return true;
    out.clear();
    return inflate_all(in, out, true);
  }
  if (equal_ignoring_case(encoding, "br")) return unbrotli(in, out);
  if (equal_ignoring_case(encoding, "zstd")) return unzstd(in, out);
  return false;
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
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
  const BodyFraming framing = head.starts_with("HTTP/") ? response_framing(head, "") : request_framing(head);
  if (framing.kind != BodyFraming::Kind::chunked) return body;
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
    std::string out;
    if (!decode(encoding, content.bytes, out)) return {content.bytes, true};
    buffer = std::move(out);
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
