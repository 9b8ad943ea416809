#include <guild/runs/secrets.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace guild::runs;

TEST_CASE("secrets: names of secrets") {
    for (const char* name : {"password",
                             "DB_PASSWORD",
                             "--password",
                             "dbPassword",
                             "passwd",
                             "MYSQL_PWD",
                             "db-pass",
                             "passphrase",
                             "secret",
                             "client_secret",
                             "AWS_SECRET_ACCESS_KEY",
                             "AWS_ACCESS_KEY_ID",
                             "AWS_SESSION_TOKEN",
                             "token",
                             "HF_TOKEN",
                             "github-token",
                             "GITHUB_PAT",
                             "api_key",
                             "API-KEY",
                             "apiKey",
                             "apikey",
                             "WANDB_API_KEY",
                             "OPENAI_API_KEY",
                             "private_key",
                             "ssh_key",
                             "encryption.key",
                             "access_token",
                             "accessToken",
                             "auth",
                             "BASIC_AUTH",
                             "Authorization",
                             "bearer",
                             "cookie",
                             "jwt",
                             "SENTRY_DSN",
                             "AZURE_STORAGE_CONNECTION_STRING",
                             "GOOGLE_APPLICATION_CREDENTIALS",
                             "SLACK_WEBHOOK",
                             "PGPASSWORD",
                             "license_key"}) {
        CHECK_MESSAGE(is_secret_name(name), name);
    }
}

TEST_CASE("secrets: names that trainers use otherwise") {
    for (const char* name : {"",
                             "lr",
                             "max_tokens",
                             "tokenizer",
                             "token_count",
                             "pad_token",
                             "eos_token",
                             "pad_token_id",
                             "mask-token",
                             "key",
                             "sort_key",
                             "keys",
                             "monkey",
                             "num_keys",
                             "key_dim",
                             "PWD",
                             "OLDPWD",
                             "pass",
                             "passes",
                             "bypass",
                             "author",
                             "authors",
                             "compass",
                             "path",
                             "PATH",
                             "secretary",
                             "hash",
                             "sessions",
                             "data_dir",
                             "public_key",
                             "pattern",
                             "cookies_per_batch"}) {
        CHECK_MESSAGE(!is_secret_name(name), name);
    }
}

TEST_CASE("secrets: a text keeps everything but the secrets") {
    CHECK(withhold_in_text("") == "");
    CHECK(withhold_in_text("--lr=0.1 a=b") == "--lr=0.1 a=b");
    CHECK(withhold_in_text("--token=abc") == "--token=(withheld)");
    CHECK(withhold_in_text("TOKEN=abc DB_PASSWORD='a b' train --lr=1") ==
          "TOKEN=(withheld) DB_PASSWORD=(withheld) train --lr=1");
    CHECK(withhold_in_text("https://x.org/?api_key=abc&n=1") ==
          "https://x.org/?api_key=(withheld)&n=1");
    CHECK(withhold_in_text("https://user:pa:ss@x.org/p") == "https://user:(withheld)@x.org/p");
    CHECK(withhold_in_text("https://x.org:80/a@b") == "https://x.org:80/a@b");
    CHECK(withhold_in_text("curl -H 'Authorization: Bearer abc def' x") ==
          "curl -H 'Authorization: (withheld)' x");
    CHECK(withhold_in_text("use ghp_0123456789abcdefghij now") == "use (withheld) now");
    CHECK(withhold_in_text("hf_hub sk-learn AKIA eyJ") == "hf_hub sk-learn AKIA eyJ");
    CHECK(withhold_in_text(
              "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nx") ==
          "(withheld)\nx");
    CHECK(withhold_in_text("-----BEGIN CERTIFICATE-----") == "-----BEGIN CERTIFICATE-----");
    CHECK(withhold_in_text("token=") == "token=");
    CHECK(withhold_in_text(std::string("\xFF\0=", 3)) == std::string("\xFF\0=", 3));
}

TEST_CASE("secrets: files that are made for them are known by their names") {
    for (const char* name : {".env", "a/.env.local", "prod.env", ".netrc", "k/id_rsa", "server.pem",
                             "x/credentials.json", ".git-credentials", "A.KEY"}) {
        CHECK_MESSAGE(is_secret_file(name), name);
    }
    for (const char* name : {"env", "env.py", ".env.example", "id_rsa.pub", "key.py",
                             "environment.yml", "monkey", "a.env/b", "credentials.py"}) {
        CHECK_MESSAGE(!is_secret_file(name), name);
    }
}

TEST_CASE("secrets: source code and settings keep everything but the secrets") {
    for (const char* text :
         {"api_key = \"s3cr3t\"", "password='s3cr3t'", "password : str = \"s3cr3t\"",
          "password: str = 's3cr3t'", "os.environ[\"SECRET_KEY\"] = \"s3cr3t\"",
          "C(a=1, token = 's3cr3t')", "{\"password\": \"s3cr3t\"}", "{'password':'s3cr3t'}",
          "{\"a\": 1, \"api_key\" : \"s\\\"3cr3t s3cr3t\"}", "secret = s3cr3t",
          "AWS_SECRET_ACCESS_KEY = s3cr3t/+s3cr3t==\nx", "password = f\"s3cr3t{x}\"",
          "token = \"\"\"\ns3cr3t\n\"\"\"", "const char* api_key = \"s3cr3t\";",
          "password = secr3t  # comment s", "+    password: \"s3cr3t\"",
          "https://s3cr3ts3cr3ts3cr3ts3cr3t@github.com/x"}) {
        const std::string shown = withhold_in_text(text);
        CAPTURE(shown);
        CHECK(shown.find("s3cr3t") == std::string::npos);
        CHECK(shown.find("secr3t") == std::string::npos);
        CHECK(shown.find("(withheld)") != std::string::npos);
    }
    for (const char* text :
         {"token = tokenizer.next()", "token = next_token", "self.password = password",
          "password = getpass.getpass()", "if token == \"</s>\":", "secret = None", "token = tok",
          "api_key = os.environ[\"KEY\"]", "password = \"\"", "password = \"\nnext\"",
          "max_tokens = 100", "lr = 0.1", "ssh://git@github.com/x", "pad_token = \"<pad>\"",
          "std::secret::x", "https://me@host/"}) {
        CHECK(withhold_in_text(text) == text);
    }
    CHECK(withhold_in_text("{\"token\": \"s3cr3t\", \"lr\": 0.1}") ==
          "{\"token\": (withheld), \"lr\": 0.1}");
}

TEST_CASE("secrets: the value behind an option is withheld") {
    const auto seen = withhold_arguments({"train", "--token", "abc", "--lr", "0.1", "-password",
                                          "-x", "--api_key", "--verbose", "--secret=s", "--auth"});
    CHECK(seen == std::vector<std::string>{"train", "--token", "(withheld)", "--lr", "0.1",
                                           "-password", "(withheld)", "--api_key", "--verbose",
                                           "--secret=(withheld)", "--auth"});
}

TEST_CASE("secrets: meta lines keep none, in no place") {
    const pair_list meta = withhold_in_meta({{"model", "m"},
                                             {"argv.0", "train"},
                                             {"argv.1", "--token"},
                                             {"argv.2", "s3cr3t"},
                                             {"cmd", "train --token s3cr3t"},
                                             {"env.HF_TOKEN", "s3cr3t"},
                                             {"env.URL", "http://u:s3cr3t@h"},
                                             {"env.EMPTY_TOKEN", ""}});
    for (const auto& line : meta) {
        CHECK_MESSAGE(line.second.find("s3cr3t") == std::string::npos, line.first);
    }
    CHECK(*find_value(meta, "cmd") == "train --token (withheld)");
    CHECK(*find_value(meta, "env.EMPTY_TOKEN") == "");
    CHECK(*find_value(meta, "model") == "m");
    CHECK(withhold_values({{"api_key", "k"}, {"lr", "1"}}) ==
          pair_list{{"api_key", "(withheld)"}, {"lr", "1"}});
}
