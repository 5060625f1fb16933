#include "scenarios/expansion.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

struct Expanded {
  std::string text;
  bool secret = false;
  std::vector<std::string> secrets;
  std::vector<Diagnostic> complaints;
};

Expanded expanded(const std::string& written, const Environment& environment) {
  const Source source("s.yaml", written);
  Complaints complaints(source);
  Node node;
  node.kind = Node::Kind::scalar;
  node.place = source.place(0, written.size());
  node.text = node.written = written;
  Expanded result;
  result.secrets = expand(node, source, environment, complaints);
  result.text = node.text;
  result.secret = node.secret;
  result.complaints = complaints.in_order();
  return result;
}

Expanded expanded(const std::string& written) {
  return expanded(written, golden::environment({{"A", "1"},
                                                {"EMPTY", ""},
                                                {"NEST", "${A}"},
                                                {"STORMPROOF_SECRET_S", "hunter2"},
                                                {"STORMPROOF_SECRET_E", ""}}));
}

TEST(Expansion, PutsVariablesIn) {
  EXPECT_EQ(expanded("plain $A $ {A}").text, "plain $A $ {A}");
  EXPECT_EQ(expanded("${A}").text, "1");
  EXPECT_EQ(expanded("<${A}${A}>").text, "<11>");
  EXPECT_EQ(expanded("${EMPTY}").text, "");
  EXPECT_EQ(expanded("${NEST}").text, "${A}") << "what was put in is not read again";
}

TEST(Expansion, DefaultsStandInForUnsetAndEmpty) {
  EXPECT_EQ(expanded("${B:-2}").text, "2");
  EXPECT_EQ(expanded("${EMPTY:-2}").text, "2");
  EXPECT_EQ(expanded("${A:-2}").text, "1");
  EXPECT_EQ(expanded("${B:-}").text, "");
  EXPECT_EQ(expanded("${B:-http://a:1/x:-y}").text, "http://a:1/x:-y");
}

TEST(Expansion, TwoDollarsStandForOne) {
  EXPECT_EQ(expanded("$${A}").text, "${A}");
  EXPECT_EQ(expanded("$${A} ${A}").text, "${A} 1");
  EXPECT_EQ(expanded("$$").text, "$$");
}

TEST(Expansion, SecretsAreMarkedAndGivenBack) {
  const Expanded result = expanded("Bearer ${secret:S}${secret:S}");
  EXPECT_EQ(result.text, "Bearer hunter2hunter2");
  EXPECT_TRUE(result.secret);
  EXPECT_EQ(result.secrets, std::vector<std::string>{"hunter2"});
  EXPECT_FALSE(expanded("${A}").secret);
}

TEST(Expansion, SaysWhereSomethingIsNotSet) {
  const Expanded result = expanded("a ${A} ${GONE} b");
  ASSERT_EQ(result.complaints.size(), 1U);
  EXPECT_EQ(result.complaints[0].message, "the environment variable 'GONE' is not set");
  EXPECT_EQ(result.complaints[0].place, (Place{1, 8, 7}));
  EXPECT_EQ(expanded("${secret:E}").complaints.at(0).message, "the secret 'E' is not set")
      << "an empty secret could not be kept out of anything";
}

TEST(Expansion, RefusesWhatIsNoVariable) {
  for (const char* const bad :
       {"${}", "${1}", "${A B}", "${a.b}", "${secret:}", "${secret:A-B}", "${A-1}", "${A=1}", "${A", "${"}) {
    EXPECT_EQ(expanded(bad).complaints.size(), 1U) << bad;
  }
}

TEST(Expansion, StopsAtItsLimit) {
  const std::string large(expanded_bytes_max / 2, 'x');
  const Environment environment = golden::environment({{"L", large}});
  EXPECT_TRUE(expanded("${L}${L}", environment).complaints.empty());
  const Expanded result = expanded("${L}${L}${L}${L}", environment);
  ASSERT_EQ(result.complaints.size(), 1U);
  EXPECT_TRUE(result.complaints[0].message.contains("have more than 4194304 bytes"));
}

TEST(Expansion, ReadsTheEnvironmentOfTheProcess) {
  ASSERT_EQ(setenv("STORMPROOF_TEST_VARIABLE", "x", 1), 0);
  EXPECT_EQ(process_environment()("STORMPROOF_TEST_VARIABLE"), "x");
  ASSERT_EQ(unsetenv("STORMPROOF_TEST_VARIABLE"), 0);
  EXPECT_EQ(process_environment()("STORMPROOF_TEST_VARIABLE"), std::nullopt);
}

}  // namespace
}  // namespace stormproof::scenarios
