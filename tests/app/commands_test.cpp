#include "harness/app/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

namespace stormproof::app {
namespace {

ExitCode run(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "stormproof");
  return run_command_line(static_cast<int>(arguments.size()), arguments.data());
}

TEST(CommandLine, NothingOrNonsenseIsAUsageError) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run({}), ExitCode::usage);
  EXPECT_EQ(run({"fly"}), ExitCode::usage);
  EXPECT_EQ(run({"run"}), ExitCode::usage);
  EXPECT_EQ(run({"replay", "x.traffic", "--target", "http://127.0.0.1:1", "--speed", "2x", "--rate", "5/s"}), ExitCode::usage);
  EXPECT_EQ(run({"record", "--listen", "127.0.0.1", "--upstream", "http://127.0.0.1:1", "--out", "x"}), ExitCode::usage);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("'127.0.0.1' has no port"));
}

TEST(CommandLine, HelpNamesEverySubcommandAndTheExitCodes) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(run({"--help"}), ExitCode::pass);
  const std::string help = testing::internal::GetCapturedStdout();
  for (const char* word : {"record", "import", "inspect", "replay", "run", "lint", "verify", "report", "schema", "5 inconclusive"}) {
    EXPECT_THAT(help, testing::HasSubstr(word));
  }
}

TEST(CommandLine, WhatIsNotThereIsInvalidInput) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run({"lint", "/nonexistent/x.yaml"}), ExitCode::invalid_input);
  EXPECT_EQ(run({"inspect", "/nonexistent/x.traffic"}), ExitCode::invalid_input);
  EXPECT_EQ(run({"verify", "latest", "--db", "/nonexistent/x.db"}), ExitCode::invalid_input);
  EXPECT_EQ(run({"report", "/nonexistent/x.db"}), ExitCode::invalid_input);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("/nonexistent/x.traffic"));
}

TEST(CommandLine, SchemaPrintsTheLanguage) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(run({"schema"}), ExitCode::pass);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), testing::HasSubstr("\"steady-state\""));
}

}  // namespace
}  // namespace stormproof::app
