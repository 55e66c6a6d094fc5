@echo off
rem Builds, then runs the launcher (tools\Argosy.Cli). The build itself finds out what is out of date.
setlocal
set "root=%~dp0"
set "cli=%root%artifacts\bin\Argosy.Cli\release\Argosy.Cli.dll"
where dotnet >nul 2>nul
if errorlevel 1 (
  echo argosy: the .NET SDK 10 isn't installed ^(no dotnet on the PATH^); get it from https://dot.net/download 1>&2
  exit /b 1
)
set "build=yes"
for %%a in (%*) do if "%%~a"=="--no-build" set "build=no"
for %%v in (down status logs token dead-letters demo doctor) do if "%~1"=="%%v" if exist "%cli%" set "build=no"
rem Whoever asks what there is shouldn't wait for a build to hear it.
if "%~1"=="" if exist "%cli%" set "build=no"
for %%a in (%*) do if "%%~a"=="--help" if exist "%cli%" set "build=no"
set "what=%root%tools\Argosy.Cli"
set "analyze="
if "%~1"=="sim" set "what=%root%tests\chaos\Argosy.Simulation"
if "%~1"=="chaos" set "what=%root%tests\chaos\Argosy.FaultLab"
if "%~1"=="test" (
  set "what=%root%Argosy.slnx"
  set "analyze=-p:Analyze=true"
)
rem A word too much is heard of now, and not after the build.
if "%build%"=="yes" if exist "%cli%" (
  dotnet "%cli%" --parse-only %*
  if errorlevel 64 if not errorlevel 65 exit /b 2
)
if "%build%"=="yes" if "%~1"=="bench" dotnet build "%root%tests\performance" -c Release -v q -nologo -clp:ErrorsOnly 1>&2
if "%build%"=="yes" (
  dotnet build "%what%" -c Release -v q -nologo -clp:ErrorsOnly %analyze% 1>&2
  if errorlevel 1 (
    echo argosy: the build failed; its errors are above 1>&2
    exit /b 1
  )
)
if not exist "%cli%" (
  echo argosy: nothing is built yet; run argosy up without --no-build 1>&2
  exit /b 1
)
dotnet "%cli%" %*
exit /b %errorlevel%
