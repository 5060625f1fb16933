#include "replay/gor_input.h"

#include <gtest/gtest.h>

#include "tests/replay/fixtures.h"
#include "tests/replay/gor_writing.h"

namespace stormproof::replay {
namespace {

std::string read_through(GorInput& input, std::size_t step) {
  std::string all;
  while (true) {
    const std::string bytes(input.peek(step).substr(0, step));
    if (bytes.empty()) return all;
    all += bytes;
    input.skip(bytes.size());
    EXPECT_EQ(input.offset(), all.size());
  }
}

TEST(GorInputTest, GivesTheSameBytesPlainAndCompressedWhateverTheStep) {
  const Folder folder;
  const std::string plain = noise(1, 200'000) + std::string(500'000, 'a');
  write_bytes(folder.file("plain"), plain);
  write_bytes(folder.file("packed"), gzipped(plain));
  write_bytes(folder.file("members"), gzipped(plain.substr(0, 1000)) + gzipped(plain.substr(1000)) + std::string(512, '\0'));
  for (const char* name : {"plain", "packed", "members"}) {
    for (const std::size_t step : {std::size_t{777}, std::size_t{300'000}}) {
      auto input = GorInput::open(folder.file(name));
      ASSERT_TRUE(input) << input.error().to_string();
      EXPECT_EQ(read_through(*input, step), plain) << name;
      EXPECT_EQ(input->damage(), "") << name;
    }
  }
}

TEST(GorInputTest, GivesWhatCanBeHadOfADamagedGzipFileAndSaysSo) {
  const Folder folder;
  const std::string plain = noise(2, 100'000);
  const std::string packed = gzipped(plain);
  write_bytes(folder.file("cut"), packed.substr(0, packed.size() / 2));
  auto cut = GorInput::open(folder.file("cut"));
  ASSERT_TRUE(cut);
  const std::string had = read_through(*cut, 1000);
  EXPECT_GT(had.size(), 30'000u);
  EXPECT_TRUE(plain.starts_with(had));
  EXPECT_EQ(cut->damage(), "the gzip stream ends in its middle");

  std::string flipped = packed;
  flipped[packed.size() - 6] ^= 1;  // the checksum at the end
  write_bytes(folder.file("flipped"), flipped);
  auto wrong = GorInput::open(folder.file("flipped"));
  ASSERT_TRUE(wrong);
  EXPECT_EQ(read_through(*wrong, 1000), plain);
  EXPECT_NE(wrong->damage().find("the gzip stream is damaged"), std::string::npos) << wrong->damage();

  write_bytes(folder.file("more"), packed + "x");
  auto more = GorInput::open(folder.file("more"));
  ASSERT_TRUE(more);
  EXPECT_EQ(read_through(*more, 1000), plain);
  EXPECT_EQ(more->damage(), "other bytes follow the gzip stream");
}

TEST(GorInputTest, AFolderAndAFileThatIsNotThereAreErrors) {
  const Folder folder;
  EXPECT_NE(GorInput::open(folder.path().string()).error().message.find("is a folder"), std::string::npos);
  EXPECT_NE(GorInput::open(folder.file("none")).error().message.find("No such file"), std::string::npos);
}

}  // namespace
}  // namespace stormproof::replay
