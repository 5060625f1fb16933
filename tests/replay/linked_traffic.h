// Linked traffic: what the tests of links share: exchanges written by hand, in the order in which they happen, and codings.
#pragma once

#include <brotli/encode.h>
#include <fmt/format.h>
#include <zlib.h>

#include <string>
#include <string_view>
#include <vector>

#include "replay/exchange.h"

namespace stormproof::replay {

// window: 31 gzip, 15 zlib, -15 bare.
inline std::string deflated(std::string_view text, int window) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string bytes(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  deflate(&stream, Z_FINISH);
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  return bytes;
}

inline std::string brotlied(std::string_view text) {
  std::size_t size = text.size() + 1000;
  std::string bytes(size, '\0');
  BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, text.size(),
                        reinterpret_cast<const std::uint8_t*>(text.data()), &size,
                        reinterpret_cast<std::uint8_t*>(bytes.data()));
  bytes.resize(size);
  return bytes;
}

inline std::string chunked(std::string_view text, std::size_t chunk_bytes) {
  std::string bytes;
  for (; !text.empty(); text.remove_prefix(std::min(chunk_bytes, text.size()))) {
    const std::string_view chunk = text.substr(0, chunk_bytes);
    bytes += fmt::format("{:x}\r\n{}\r\n", chunk.size(), chunk);
  }
  return bytes + "0\r\n\r\n";
}

// Requests and answers, 10 ms apart: each answer comes before the next request unless it is told otherwise.
class LinkedTraffic {
 public:
  static constexpr std::chrono::milliseconds step{10};

  // `request`: "POST /login" and whole header lines; `response`: "303" and whole header lines. Lengths are added.
  Exchange& add(std::string_view request, std::string_view body, std::string_view response, std::string_view answer,
                std::uint64_t connection = 1) {
    Exchange exchange;
    exchange.id = exchanges_.size() + 1;
    exchange.connection = connection;
    now_ += step;
    exchange.request_start = exchange.request_end = now_;
    now_ += step;
    exchange.response_start = exchange.response_end = now_;
    exchange.request = message(request, " HTTP/1.1", body);
    exchange.response = message(fmt::format("HTTP/1.1 {}", response), " X", answer);
    return exchanges_.emplace_back(std::move(exchange));
  }
  Exchange& get(std::string_view target, std::string_view response, std::string_view answer,
                std::uint64_t connection = 1) {
    return add(fmt::format("GET {}", target), "", response, answer, connection);
  }
  const std::vector<Exchange>& exchanges() const { return exchanges_; }

  // "POST /x" + fields after the first line end.
  static Message message(std::string_view start, std::string_view end_of_line, std::string_view body) {
    const auto line = std::min(start.find('\n'), start.size());
    std::string head(start.substr(0, line));
    head.append(end_of_line).append("\r\n");
    if (end_of_line == " HTTP/1.1") head += "Host: shop\r\n";
    for (std::string_view rest = start.substr(std::min(line + 1, start.size())); !rest.empty();) {
      const auto end = std::min(rest.find('\n'), rest.size());
      head.append(rest.substr(0, end)).append("\r\n");
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (!body.empty() && !head.contains("Transfer-Encoding"))
      head += fmt::format("Content-Length: {}\r\n", body.size());
    return {head + "\r\n", std::string(body)};
  }

 private:
  std::vector<Exchange> exchanges_;
  base::Time now_{std::chrono::seconds(1'700'000'000)};
};

}  // namespace stormproof::replay
