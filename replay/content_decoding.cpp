#include "replay/content_decoding.h"

#include <brotli/decode.h>
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>
#include <vector>

#include "replay/exchange.h"

namespace stormproof::replay {
namespace {

constexpr std::size_t piece_bytes = 64 * 1024;
constexpr int gzip_or_zlib = 15 + 32;
constexpr int raw_deflate = -15;

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

// The members of all fields of that name, in order, in lower case.
std::vector<std::string> members(std::string_view head, std::string_view name) {
  std::vector<std::string> all;
  for (std::string_view field : headers(head, name)) {
    while (!field.empty()) {
      const auto comma = std::min(field.find(','), field.size());
      if (const auto member = trim(field.substr(0, comma)); !member.empty()) all.push_back(lower(member));
      field.remove_prefix(std::min(comma + 1, field.size()));
    }
  }
  return all;
}

std::unexpected<base::Error> too_large(std::size_t bytes_max) {
  return base::fail(fmt::format("the content is larger than {} bytes", bytes_max));
}

base::Result<std::string> inflated(std::string_view bytes, int window, std::size_t bytes_max) {
  z_stream stream{};
  if (inflateInit2(&stream, window) != Z_OK) return base::fail("zlib has no memory");
  const std::unique_ptr<z_stream, decltype([](z_stream* s) { inflateEnd(s); })> owner(&stream);
  // zlib does not write to its input.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max()));
  std::string content;
  std::string piece(piece_bytes, '\0');
  bool member_whole = false;
  while (true) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int state = inflate(&stream, Z_NO_FLUSH);
    const std::size_t made = piece.size() - stream.avail_out;
    if (content.size() + made > bytes_max) return too_large(bytes_max);
    content.append(piece, 0, made);
    if (state == Z_STREAM_END) {
      // gzip members may follow each other.
      if (window != gzip_or_zlib || stream.avail_in == 0 || inflateReset(&stream) != Z_OK) return content;
      member_whole = true;
      continue;
    }
    if (state != Z_OK && member_whole) return content;  // something that is no gzip stands behind it
    if (state != Z_OK) return base::fail(made == 0 && stream.avail_in == 0 ? "it is cut short" : "it is damaged");
  }
}

base::Result<std::string> unbrotlied(std::string_view bytes, std::size_t bytes_max) {
  const std::unique_ptr<BrotliDecoderState, decltype(&BrotliDecoderDestroyInstance)> decoder(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), &BrotliDecoderDestroyInstance);
  if (decoder == nullptr) return base::fail("brotli has no memory");
  std::string content;
  std::string piece(piece_bytes, '\0');
  std::size_t in = bytes.size();
  const auto* next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
  while (true) {
    std::size_t out = piece.size();
    auto* next_out = reinterpret_cast<std::uint8_t*>(piece.data());
    const BrotliDecoderResult state =
        BrotliDecoderDecompressStream(decoder.get(), &in, &next_in, &out, &next_out, nullptr);
    const std::size_t made = piece.size() - out;
    if (content.size() + made > bytes_max) return too_large(bytes_max);
    content.append(piece, 0, made);
    if (state == BROTLI_DECODER_RESULT_SUCCESS) return content;
    if (state == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) return base::fail("it is cut short");
    if (state == BROTLI_DECODER_RESULT_ERROR) return base::fail("it is damaged");
  }
}

}  // namespace

base::Result<std::string> without_chunks(std::string_view head, std::string_view body) {
  const auto codings = members(head, "Transfer-Encoding");
  if (codings.empty()) return std::string(body);
  if (codings.size() > 1 || codings.front() != "chunked") {
    return base::fail(fmt::format("the transfer coding {} is not known", codings.front()));
  }
  std::string content;
  while (true) {
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), length, 16);
    const auto line_end = body.find('\n');
    if (error != std::errc() || line_end == body.npos) return base::fail("a chunk has no length");
    if (length == 0) return content;
    body.remove_prefix(line_end + 1);
    if (length >= body.size()) return base::fail("a chunk is cut short");
    content.append(body, 0, length);
    body.remove_prefix(length);
    if (body.starts_with('\r')) body.remove_prefix(1);
    if (!body.starts_with('\n')) return base::fail("a chunk does not end where it says");
    body.remove_prefix(1);
  }
}

base::Result<std::string> without_coding(std::string_view coding, std::string_view bytes, std::size_t bytes_max) {
  if (coding == "gzip" || coding == "x-gzip") return inflated(bytes, gzip_or_zlib, bytes_max);
  if (coding == "br") return unbrotlied(bytes, bytes_max);
  if (coding == "deflate") {
    // RFC 9110 wants zlib's format; some servers send the bare stream.
    auto content = inflated(bytes, gzip_or_zlib, bytes_max);
    return content ? content : inflated(bytes, raw_deflate, bytes_max);
  }
  if (coding != "identity") return base::fail(fmt::format("the content coding {} is not known", coding));
  if (bytes.size() > bytes_max) return too_large(bytes_max);
  return std::string(bytes);
}

base::Result<std::string> decoded_content(std::string_view head, std::string_view body, std::size_t bytes_max) {
  auto content = without_chunks(head, body);
  if (!content) return content;
  const auto codings = members(head, "Content-Encoding");
  // The last one was put on last.
  for (auto coding = codings.rbegin(); coding != codings.rend() && !content->empty(); ++coding) {
    content = without_coding(*coding, *content, bytes_max);
    if (!content) return content;
  }
  if (content->size() > bytes_max) return too_large(bytes_max);
  return content;
}

std::string media_type(std::string_view head) {
  const std::string_view field = header(head, "Content-Type").value_or("");
  return lower(trim(field.substr(0, field.find(';'))));
}

}  // namespace stormproof::replay
